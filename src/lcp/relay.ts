import type { Position } from "./position.ts";
import { type Admission, Publication } from "./publication.ts";
import { idOf, type Resource, type ResourceId } from "./resource.ts";
import { type Reach, type References, SpanIndex } from "./span.ts";
import type { Commit, Held } from "./subscription.ts";

/** The state that is passed on, and what to do when a receiver has been further than it. */
export interface Upstream {
  held(): Held;
  behind(receiver: Position): void;
}

/** Passes state on to receivers, to each what concerns it. */
export interface Sharing {
  /**
   * Begins a receiver's session; an earlier one of the same receiver is over.
   *
   * @param wake called when there may be something to send to it
   */
  open(receiver: string, wake: () => void): Publication;
  /** @param publication which session; left out: whichever there is */
  close(receiver: string, publication?: Publication): void;
  /** The upstream's state has changed by this. */
  committed(commit: Commit): void;
}

/** What follows from one root. Receivers that have the root share it. */
interface Span {
  readonly root: ResourceId;
  reach: Reach;
  readonly receivers: Set<string>;
}

interface Session {
  readonly publication: Publication;
  spans: readonly Span[];
}

/**
 * Passes state on to many receivers, to each what concerns it. A change costs what it concerns: spans are computed anew
 * only where something in them changed, once for all receivers that have the same.
 */
export class Relay implements Sharing {
  readonly #upstream: Upstream;
  readonly #admission: Admission;
  readonly #index: SpanIndex;
  readonly #spans = new Map<ResourceId, Span>();
  readonly #sessions = new Map<string, Session>();

  constructor(upstream: Upstream, references: References, admission: Admission) {
    this.#upstream = upstream;
    this.#admission = admission;
    this.#index = new SpanIndex(references);
    for (const resource of upstream.held().resources.values()) this.#index.put(resource);
  }

  open(receiver: string, wake: () => void): Publication {
    this.close(receiver);
    const source = {
      instance: () => this.#upstream.held().instance,
      at: () => this.#upstream.held().at,
      get: (id: ResourceId) => (holds(this.#sessions.get(receiver), id) ? this.#index.get(id) : undefined),
      all: () => this.#all(receiver),
      behind: (at: Position) => this.#upstream.behind(at),
    };
    const publication = new Publication(source, this.#admission, wake);
    this.#sessions.set(receiver, { publication, spans: this.#join(receiver) });
    return publication;
  }

  close(receiver: string, publication?: Publication): void {
    const session = this.#sessions.get(receiver);
    if (!session || (publication && session.publication !== publication)) return;
    session.publication.end();
    this.#sessions.delete(receiver);
    this.#leave(receiver, session.spans);
  }

  /** What the receiver should hold, in the end. */
  *#all(receiver: string): Iterable<Resource> {
    const spans = this.#sessions.get(receiver)?.spans ?? [];
    for (const [n, { reach }] of spans.entries()) {
      const earlier = spans.slice(0, n);
      for (const id of reach.ids) {
        const resource = isIn(earlier, id) ? undefined : this.#index.get(id);
        if (resource) yield resource;
      }
    }
  }

  committed({ upserts, deletes }: Commit): void {
    const touched = new Set([...upserts.map(idOf), ...deletes]);
    const movers = new Set<string>();
    const around = new Set(touched);
    const look = () => {
      for (const id of touched) {
        for (const whole of this.#index.wholesOf(id)) around.add(whole);
        for (const home of this.#index.homesOf(id)) movers.add(home);
      }
    };
    look();
    for (const resource of upserts) this.#index.put(resource);
    for (const id of deletes) this.#index.remove(id);
    look();
    this.#tell(touched, this.#renew(around, touched), movers);
    for (const { publication } of this.#sessions.values()) publication.moved();
  }

  /** Computes anew what is different. @returns what each such span was before, and what may be different in it */
  #renew(around: ReadonlySet<ResourceId>, touched: ReadonlySet<ResourceId>): Renewals {
    const renewals = new Map<Span, Renewal>();
    for (const span of this.#spans.values()) {
      if (!meet(span, around)) continue;
      const before = span.reach.ids;
      span.reach = this.#index.reachOf(span.root);
      const { ids } = span.reach;
      const known = [...touched].filter((id) => before.has(id) || ids.has(id));
      renewals.set(span, { before, changed: [...known, ...before.symmetricDifference(ids)] });
    }
    return renewals;
  }

  /** Receivers of renewed spans, and those whose own resources have changed, and perhaps where their spans begin. */
  #tell(touched: ReadonlySet<ResourceId>, renewals: Renewals, movers: ReadonlySet<string>): void {
    const receivers = new Set([...[...renewals.keys()].flatMap((span) => [...span.receivers]), ...movers]);
    for (const receiver of receivers) {
      const session = this.#sessions.get(receiver);
      if (!session) continue;
      const { spans } = session;
      const moved = movers.has(receiver) ? this.#move(receiver, session, renewals) : [];
      const changed = new Set([...spans.flatMap((span) => renewals.get(span)?.changed ?? []), ...moved]);
      const before = spans.map((span) => idsBefore(span, renewals));
      for (const id of changed) {
        const was = before.some((ids) => ids.has(id));
        const is = holds(session, id);
        if (was !== is || (is && touched.has(id))) session.publication.changed(id, was);
      }
    }
  }

  /** @returns all of the spans that the receiver enters or leaves */
  #move(receiver: string, session: Session, renewals: Renewals): ResourceId[] {
    const before = session.spans;
    const now = this.#join(receiver);
    const left = before.filter((span) => !now.includes(span));
    this.#leave(receiver, left);
    session.spans = now;
    const entered = now.filter((span) => !before.includes(span));
    return [
      ...left.flatMap((span) => [...idsBefore(span, renewals)]),
      ...entered.flatMap((span) => [...span.reach.ids]),
    ];
  }

  #join(receiver: string): readonly Span[] {
    return this.#index.rootsOf(receiver).map((root) => {
      const span = this.#spans.get(root) ?? { root, reach: this.#index.reachOf(root), receivers: new Set() };
      this.#spans.set(root, span);
      span.receivers.add(receiver);
      return span;
    });
  }

  #leave(receiver: string, spans: readonly Span[]): void {
    for (const span of spans) {
      span.receivers.delete(receiver);
      if (span.receivers.size === 0) this.#spans.delete(span.root);
    }
  }
}

interface Renewal {
  readonly before: ReadonlySet<ResourceId>;
  /** Of it, and of what it is now. */
  readonly changed: readonly ResourceId[];
}

type Renewals = ReadonlyMap<Span, Renewal>;

const idsBefore = (span: Span, renewals: Renewals) => renewals.get(span)?.before ?? span.reach.ids;

const isIn = (spans: readonly Span[], id: ResourceId) => spans.some(({ reach }) => reach.ids.has(id));

const holds = (session: Session | undefined, id: ResourceId) => session !== undefined && isIn(session.spans, id);

const meet = ({ reach: { ids, missing } }: Span, around: ReadonlySet<ResourceId>) =>
  !around.isDisjointFrom(ids) || !around.isDisjointFrom(missing);
