import { PcgError } from "../base/error.ts";
import { bucketOf, type Digest, decodeDigest, differing, digestOf, encodeDigest } from "./digest.ts";
import type { Position } from "./position.ts";
import { type FromReceiver, type FromSource, PROTOCOL } from "./protocol.ts";
import { idOf, inOrder, type Resource, type ResourceId, textOf } from "./resource.ts";

/** What a receiver is told of. */
export interface Source {
  /** Null: it knows nothing yet, and its receivers wait. */
  instance(): string | null;
  /** Where it is. */
  at(): Position;
  /** Undefined: there is none, or it is not this receiver's concern. */
  get(id: ResourceId): Resource | undefined;
  /** All that is the receiver's concern. */
  all(): Iterable<Resource>;
  /**
   * The receiver has been further than the source is. A relay waits until it is there too; an origin was put back and
   * begins a new generation.
   */
  behind(receiver: Position): void;
}

/** A receiver that is to be sent a snapshot. */
export interface Asking {
  /** Its turn has come. */
  called(): void;
  /** It took nothing for so long that it is not waited for: it is to come again after so many milliseconds. */
  sentAway(retryAfterMs: number): void;
}

export interface Turn {
  /** Whether it may go on. To be asked before each message: who does not come to ask gives its place to others. */
  isOn(): boolean;
  /** Whether it waits for others, not they for it. */
  readonly waits: boolean;
  end(): void;
}

/** Lets snapshots begin, now or later, or says how many milliseconds later to come again. */
export interface Admission {
  begin(asking: Asking): Turn | { readonly retryAfterMs: number };
}

/** Text of the resources in one message, at most, but one is always sent. */
const PART_BYTES = 64 * 1024;
const DELTA_BYTES = 256 * 1024;

/** Nothing taken or acknowledged for so long: the receiver has stopped reading. */
export const STALLED_MS = 30_000;

/** What a receiver says it holds. */
interface Comparison {
  readonly digest: Digest;
  readonly instance: string | null;
  readonly at: Position;
}

/** Receivers that ask to compare more often than this are not heard. */
const COMPARE_REST_MS = 10_000;

interface Snapshot {
  /** When its last part was taken. */
  since: number;
  readonly at: Position;
  readonly rest: Resource[];
  readonly digest: string;
}

/**
 * One receiver's session, as its source sees it. It is asked for the next message whenever one can be sent (`next`), so
 * that nothing queues up for a slow receiver: there is the set of what changed since it was last told, and one message
 * that is not yet acknowledged.
 */
export class Publication {
  readonly #source: Source;
  readonly #admission: Admission;
  readonly #wake: () => void;
  /** What the receiver holds but for `#dirty`; undefined before its state is known. */
  #at: Position | undefined;
  /** Its digest, until it has been compared. */
  #compare: Comparison | undefined;
  #comparedAt = Number.NEGATIVE_INFINITY;
  #snapshot: Snapshot | undefined;
  /** From when the receiver was found to need a snapshot until that is sent. */
  #turn: Turn | undefined;
  /** It was given up. */
  #retryAfterMs: number | undefined;
  /** What changed since the receiver was told of it, and whether it was told of it at all. */
  #dirty = new Map<ResourceId, boolean>();
  #unacked: { readonly at: Position; readonly since: number } | undefined;
  readonly #refused = new Map<ResourceId, { readonly version: Position; readonly why: string }>();

  /** @param wake called when there may be something to send again */
  constructor(source: Source, admission: Admission, wake: () => void) {
    this.#source = source;
    this.#admission = admission;
    this.#wake = wake;
  }

  /** What the receiver will not take, with its reason. */
  get refused(): ReadonlyMap<ResourceId, { readonly version: Position; readonly why: string }> {
    return this.#refused;
  }

  /** Up to where the receiver has kept everything; undefined before it is known. */
  get at(): Position | undefined {
    return this.#unacked || this.#turn || this.#retryAfterMs !== undefined ? undefined : this.#at;
  }

  /** Entries kept for this receiver. */
  get pending(): number {
    return this.#dirty.size + (this.#snapshot?.rest.length ?? 0);
  }

  /** @throws LCP_BAD_MESSAGE what the receiver must not say now */
  receive(message: FromReceiver, now: number): void {
    if (message.kind === "ack") this.#acknowledged(message);
    else this.#told(message, now);
  }

  #told(message: Exclude<FromReceiver, { kind: "ack" }>, now: number): void {
    const digest = decodeDigest(message.digest);
    if (!digest) throw new PcgError("LCP_BAD_MESSAGE", { kind: message.kind, field: "digest" });
    if (message.kind === "hello") {
      if (message.protocol !== PROTOCOL)
        throw new PcgError("LCP_BAD_MESSAGE", { kind: "hello", protocol: message.protocol, spoken: PROTOCOL });
      if (this.#at !== undefined || this.#compare)
        throw new PcgError("LCP_BAD_MESSAGE", { kind: "hello", why: "came twice" });
      this.#compare = { digest, instance: message.instance, at: message.at };
      return;
    }
    if (this.#at === undefined) throw new PcgError("LCP_BAD_MESSAGE", { kind: "digest", why: "came before hello" });
    // What is under way makes it out of date, and comparing costs: it will be asked again.
    const isBusy = this.#unacked || this.#snapshot || this.#dirty.size > 0 || now - this.#comparedAt < COMPARE_REST_MS;
    if (!isBusy) this.#compare = { digest, instance: this.#source.instance(), at: this.#at };
  }

  #acknowledged({ at, refused }: Extract<FromReceiver, { kind: "ack" }>): void {
    if (this.#unacked?.at !== at)
      throw new PcgError("LCP_BAD_MESSAGE", { kind: "ack", at, expected: this.#unacked?.at ?? null });
    this.#unacked = undefined;
    // What it was never sent it cannot refuse: else it could make us remember whatever it likes.
    for (const { id, version, why } of refused) if (this.#source.get(id)) this.#refused.set(id, { version, why });
  }

  /** A resource of the receiver's concern changed, came or went. @param was whether it was there before, for it */
  changed(id: ResourceId, was: boolean): void {
    this.#refused.delete(id);
    if (this.#at === undefined || this.#dirty.has(id)) return;
    if (this.#dirty.size === 0) this.#wake();
    this.#dirty.set(id, was);
  }

  /** The source has moved, though perhaps by nothing that concerns the receiver. */
  moved(): void {
    if (this.#at === undefined && this.#compare) this.#wake();
  }

  /** Whether the receiver has stopped taking what is sent, or acknowledging it. */
  stalled(now: number): boolean {
    if (this.#retryAfterMs !== undefined) return true;
    if (this.#turn?.waits) return false;
    const since = this.#unacked?.since ?? this.#snapshot?.since;
    return since !== undefined && now - since > STALLED_MS;
  }

  /** The next message to send, if there is one to be sent now. */
  next(now: number): FromSource | undefined {
    if (this.#retryAfterMs !== undefined) return { kind: "retry", afterMs: this.#retryAfterMs };
    if (this.#turn && !this.#turn.isOn()) return undefined;
    if (this.#snapshot) return this.#part(this.#snapshot, now);
    if (this.#unacked) return undefined;
    if (this.#compare) return this.#compared(this.#compare, now);
    return this.#dirty.size > 0 ? this.#delta(now) : undefined;
  }

  /** The session is over. */
  end(): void {
    this.#snapshot = undefined;
    this.#turn?.end();
    this.#turn = undefined;
  }

  #compared({ digest, instance: heard, at }: Comparison, now: number): FromSource | undefined {
    const instance = this.#source.instance();
    this.#comparedAt = now;
    if (at > this.#source.at()) this.#source.behind(at);
    if (instance === null || at > this.#source.at()) return undefined;
    const buckets = digest.length / 2;
    const ours = digestOf(this.#source.all(), buckets);
    const different = differing(digest, ours);
    if (different.length === 0 && heard === instance) {
      this.end();
      this.#begin();
      return { kind: "current", instance, at: this.#source.at() };
    }
    const turn = this.#turn ?? this.#ask();
    if ("retryAfterMs" in turn) return { kind: "retry", afterMs: turn.retryAfterMs };
    this.#turn = turn;
    if (!turn.isOn()) return undefined;
    this.#begin();
    const only = different.length === buckets || heard !== instance ? null : different;
    const among = only && new Set(only);
    const rest = [...this.#source.all()].filter((resource) => !among || among.has(bucketOf(resource, buckets)));
    rest.sort((a, b) => inOrder(idOf(b), idOf(a)));
    const count = rest.length;
    const snapshot = { since: now, at: this.#source.at(), rest, digest: encodeDigest(ours) };
    this.#snapshot = snapshot;
    return { kind: "snapshotBegin", instance, at: snapshot.at, buckets, only, count };
  }

  #ask(): ReturnType<Admission["begin"]> {
    return this.#admission.begin({
      called: () => this.#wake(),
      sentAway: (retryAfterMs) => {
        this.#snapshot = undefined;
        this.#turn = undefined;
        this.#retryAfterMs = retryAfterMs;
        this.#wake();
      },
    });
  }

  #begin(): void {
    this.#at = this.#source.at();
    this.#compare = undefined;
    this.#dirty.clear();
  }

  #part(snapshot: Snapshot, now: number): FromSource {
    const resources = take(PART_BYTES, () => snapshot.rest.pop());
    snapshot.since = now;
    if (resources.length > 0) return { kind: "snapshotPart", resources };
    this.end();
    this.#unacked = { at: snapshot.at, since: now };
    return { kind: "snapshotEnd", digest: snapshot.digest };
  }

  #delta(now: number): FromSource {
    const from = this.#at ?? this.#source.at();
    const ids = [...this.#dirty.keys()].sort(inOrder);
    const pending = ids.flatMap((id) => this.#source.get(id) ?? []).reverse();
    const upserts = take(DELTA_BYTES, () => pending.pop());
    for (const resource of upserts) this.#dirty.delete(idOf(resource));
    // Only when nothing is to be added any more: what still refers to it goes or changes first.
    const deletes = pending.length > 0 ? [] : this.#deletes(ids);
    const to = this.#dirty.size === 0 ? this.#source.at() : from;
    this.#at = to;
    this.#unacked = { at: to, since: now };
    return { kind: "delta", from, to, upserts, deletes };
  }

  #deletes(ids: readonly ResourceId[]): ResourceId[] {
    const gone = ids.filter((id) => this.#dirty.has(id));
    const told = gone.filter((id) => this.#dirty.get(id));
    for (const id of gone) this.#dirty.delete(id);
    return told.reverse();
  }
}

/** Takes from the front while it fits, but one at least. */
function take(bytes: number, first: () => Resource | undefined): Resource[] {
  const taken: Resource[] = [];
  let size = 0;
  while (size < bytes) {
    const resource = first();
    if (!resource) break;
    taken.push(resource);
    size += textOf(resource).length;
  }
  return taken;
}
