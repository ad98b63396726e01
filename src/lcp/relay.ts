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

/** Receivers of the same span share it. */
interface Span {
  readonly roots: readonly ResourceId[];
  reach: Reach;
  readonly receivers: Set<string>;
}

/**
 * Passes state on to many receivers, to each what concerns it. A change costs what it concerns: spans are computed anew
 * only where something in them changed, once for all receivers that have the same.
 */
export class Relay implements Sharing {
  readonly #upstream: Upstream;
  readonly #admission: Admission;
  readonly #index: SpanIndex;
  readonly #spans = new Map<string, Span>();
  readonly #sessions = new Map<string, { readonly publication: Publication; span: Span }>();

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
      get: (id: ResourceId) => (this.#sessions.get(receiver)?.span.reach.ids.has(id) ? this.#index.get(id) : undefined),
      all: () => this.#all(receiver),
      behind: (at: Position) => this.#upstream.behind(at),
    };
    const publication = new Publication(source, this.#admission, wake);
    this.#sessions.set(receiver, { publication, span: this.#join(receiver) });
    return publication;
  }

  close(receiver: string, publication?: Publication): void {
    const session = this.#sessions.get(receiver);
    if (!session || (publication && session.publication !== publication)) return;
    session.publication.end();
    this.#sessions.delete(receiver);
    this.#leave(receiver, session.span);
  }

  /** What the receiver should hold, in the end. */
  *#all(receiver: string): Iterable<Resource> {
    for (const id of this.#sessions.get(receiver)?.span.reach.ids ?? []) {
      const resource = this.#index.get(id);
      if (resource) yield resource;
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
    for (const span of this.#spans.values()) if (meet(span, around)) this.#renew(span, touched);
    for (const receiver of movers) this.#move(receiver);
    for (const { publication } of this.#sessions.values()) publication.moved();
  }

  #renew(span: Span, touched: ReadonlySet<ResourceId>): void {
    const before = span.reach.ids;
    span.reach = this.#index.reachOf(span.roots);
    const { ids } = span.reach;
    const changed = new Set([...touched].filter((id) => before.has(id) || ids.has(id)));
    for (const id of before.symmetricDifference(ids)) changed.add(id);
    for (const receiver of span.receivers) {
      const publication = this.#sessions.get(receiver)?.publication;
      for (const id of changed) publication?.changed(id, before.has(id));
    }
  }

  /** A receiver's own resources have changed, and perhaps where its span begins. */
  #move(receiver: string): void {
    const session = this.#sessions.get(receiver);
    if (!session) return;
    const before = session.span;
    this.#leave(receiver, before);
    session.span = this.#join(receiver);
    if (session.span === before) return;
    for (const id of before.reach.ids.symmetricDifference(session.span.reach.ids))
      session.publication.changed(id, before.reach.ids.has(id));
  }

  #join(receiver: string): Span {
    const roots = this.#index.rootsOf(receiver);
    const key = roots.join("\n");
    const span = this.#spans.get(key) ?? { roots, reach: this.#index.reachOf(roots), receivers: new Set() };
    this.#spans.set(key, span);
    span.receivers.add(receiver);
    return span;
  }

  #leave(receiver: string, span: Span): void {
    span.receivers.delete(receiver);
    if (span.receivers.size === 0) this.#spans.delete(span.roots.join("\n"));
  }
}

const meet = ({ reach: { ids, missing } }: Span, around: ReadonlySet<ResourceId>) =>
  !around.isDisjointFrom(ids) || !around.isDisjointFrom(missing);
