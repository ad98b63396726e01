import { PcgError } from "../base/error.ts";
import { bucketOf, bucketOfId, bucketsFor, digestOf, encodeDigest } from "./digest.ts";
import { type Position, START } from "./position.ts";
import { type FromReceiver, type FromSource, MOST_REASON, MOST_REFUSED, PROTOCOL } from "./protocol.ts";
import { idOf, type Resource, type ResourceId } from "./resource.ts";

/** What a receiver has: from whom, up to where. It is on disk as it is here. */
export interface Held {
  /** The source's identity; null: never heard one. */
  readonly instance: string | null;
  readonly at: Position;
  readonly resources: ReadonlyMap<ResourceId, Resource>;
}

export const NOTHING_HELD: Held = { instance: null, at: START, resources: new Map() };

/** One change of what is held. It is done whole or not at all. */
export interface Commit {
  readonly instance: string;
  readonly at: Position;
  readonly upserts: readonly Resource[];
  readonly deletes: readonly ResourceId[];
}

/** What a message leads to: first the commit must be durable, then the reply may be sent. */
export interface Outcome {
  readonly commit?: Commit;
  readonly reply?: FromReceiver;
  /** The source is busy: end the session and come again then. */
  readonly retryAfterMs?: number;
}

/** Why a resource cannot be used, if so. */
export type Judge = (resource: Resource) => string | undefined;

export interface SubscriptionOptions {
  readonly judge: Judge;
  /** Resources that are kept at most, or known to have been refused. Left out: as many as come. */
  readonly most?: number | undefined;
}

interface Shadow {
  readonly begin: Extract<FromSource, { kind: "snapshotBegin" }>;
  readonly offers: Map<ResourceId, Offer>;
}

/** A resource that was sent, and why it cannot be used, if so. */
interface Offer {
  readonly resource: Resource;
  readonly why?: string | undefined;
}

type Refusal = Extract<FromReceiver, { kind: "ack" }>["refused"][number];

/**
 * One receiver's side of a session. It goes on with what it has until something newer is complete, and never goes back.
 * What it cannot use it refuses by name, keeping the last that it could.
 */
export class Subscription {
  readonly #judge: Judge;
  readonly #most: number;
  #instance: string | null;
  #at: Position;
  readonly #resources: Map<ResourceId, Resource>;
  #shadow: Shadow | undefined;
  #compared = false;
  /** Versions that were offered and refused. Forgotten with the process: what was not understood may be now. */
  readonly #refused = new Map<ResourceId, Refusal>();

  constructor(held: Held, { judge, most = Number.POSITIVE_INFINITY }: SubscriptionOptions) {
    this.#judge = judge;
    this.#most = most;
    this.#instance = held.instance;
    this.#at = held.at;
    this.#resources = new Map(held.resources);
  }

  get held(): Held {
    return { instance: this.#instance, at: this.#at, resources: this.#resources };
  }

  /** Whether a source has compared what is held with what there is. Before, what cannot be used is not known either. */
  get compared(): boolean {
    return this.#compared;
  }

  /** What was offered and cannot be used. */
  get refused(): Iterable<Refusal> {
    return this.#refused.values();
  }

  /** Begins a session; what an earlier one left half done is forgotten. */
  hello(): FromReceiver {
    this.#shadow = undefined;
    return { kind: "hello", protocol: PROTOCOL, instance: this.#instance, at: this.#at, digest: this.#digest() };
  }

  /** Asks the source to compare. Undefined while a snapshot is coming. */
  compare(): FromReceiver | undefined {
    return this.#shadow ? undefined : { kind: "digest", digest: this.#digest() };
  }

  /** @throws LCP_BEHIND, LCP_OUT_OF_STEP, LCP_TOO_MUCH: nothing changed; the session is to be ended and begun anew */
  receive(message: FromSource): Outcome {
    switch (message.kind) {
      case "current":
        return this.#current(message);
      case "snapshotBegin":
        return this.#begin(message);
      case "snapshotPart":
        return this.#part(message);
      case "snapshotEnd":
        return this.#end(message);
      case "delta":
        return this.#delta(message);
      case "retry":
        return { retryAfterMs: message.afterMs };
    }
  }

  #digest(): string {
    return encodeDigest(digestOf(this.#resources.values(), bucketsFor(this.#resources.size), versions(this.#refused)));
  }

  #forward(at: Position): void {
    if (at < this.#at) throw new PcgError("LCP_BEHIND", { offered: at, held: this.#at });
  }

  #current({ instance, at }: Extract<FromSource, { kind: "current" }>): Outcome {
    this.#forward(at);
    if (this.#shadow) throw new PcgError("LCP_OUT_OF_STEP", { got: "current", during: "a snapshot" });
    this.#compared = true;
    if (instance === this.#instance && at === this.#at) return {};
    return { commit: this.#commit({ instance, at, upserts: [], deletes: [] }) };
  }

  #begin(begin: Extract<FromSource, { kind: "snapshotBegin" }>): Outcome {
    this.#forward(begin.at);
    const [isReplaced, isReplacedId] = [replacedBy(begin), replacedIds(begin)];
    const kept = [...this.#resources.values()].filter((resource) => !isReplaced(resource)).length;
    const stillRefused = [...this.#refused.keys()].filter((id) => !isReplacedId(id)).length;
    this.#bounded(kept + stillRefused + begin.count);
    this.#shadow = { begin, offers: new Map() };
    return {};
  }

  #part({ resources }: Extract<FromSource, { kind: "snapshotPart" }>): Outcome {
    const shadow = this.#shadow;
    if (!shadow) throw new PcgError("LCP_OUT_OF_STEP", { got: "snapshotPart", before: "snapshotBegin" });
    // Judged as it comes, so that of what is waiting for the end nothing is larger than what may be held.
    for (const resource of resources as readonly Resource[])
      shadow.offers.set(idOf(resource), this.#sifted(resource, shadow.begin.instance));
    if (shadow.offers.size > shadow.begin.count)
      throw new PcgError("LCP_OUT_OF_STEP", { got: shadow.offers.size, announced: shadow.begin.count });
    return {};
  }

  #end({ digest }: Extract<FromSource, { kind: "snapshotEnd" }>): Outcome {
    const shadow = this.#shadow;
    this.#shadow = undefined;
    if (!shadow) throw new PcgError("LCP_OUT_OF_STEP", { got: "snapshotEnd", before: "snapshotBegin" });
    const { begin, offers } = shadow;
    if (offers.size !== begin.count)
      throw new PcgError("LCP_OUT_OF_STEP", { got: offers.size, announced: begin.count });
    const replaces = replacedBy(begin);
    const [replaced, whole] = parted([...this.#resources.values()], (resource) => replaces(resource));
    const isReplaced = replacedIds(begin);
    const seen = versions([...this.#refused].filter(([id]) => !isReplaced(id)));
    const sent = [...offers.values()].map(({ resource }) => resource);
    if (encodeDigest(digestOf([...whole, ...sent], begin.buckets, seen)) !== digest)
      throw new PcgError("LCP_OUT_OF_STEP", { why: "the snapshot does not add up", at: begin.at });
    const gone = [...this.#refused.keys()].filter((id) => isReplaced(id) && !offers.has(id));
    this.#forget(gone);
    const { upserts, refused } = this.#taken(
      [...offers.values()].filter(({ resource }) => this.#isNew(resource, begin.instance)),
    );
    const deletes = replaced.map(idOf).filter((id) => !offers.has(id));
    const commit = this.#commit({ instance: begin.instance, at: begin.at, upserts, deletes });
    return { commit, reply: acknowledgement(begin.at, refused) };
  }

  #delta({ from, to, upserts, deletes }: Extract<FromSource, { kind: "delta" }>): Outcome {
    this.#forward(to);
    if (this.#shadow || from !== this.#at || this.#instance === null)
      throw new PcgError("LCP_OUT_OF_STEP", { from, held: this.#at });
    const instance = this.#instance;
    const offers = (upserts as Resource[]).filter((resource) => this.#isNew(resource, instance));
    const known = deletes.filter((id) => this.#resources.has(id));
    const more = offers.filter((one) => !this.#isKnown(idOf(one))).length;
    const fewer = new Set(deletes.filter((id) => this.#isKnown(id))).size;
    this.#bounded(this.#resources.size + this.#refused.size + more - fewer);
    const { upserts: usable, refused } = this.#taken(offers.map((resource) => this.#sifted(resource, instance)));
    this.#forget(deletes);
    const commit = this.#commit({ instance, at: to, upserts: usable, deletes: known });
    return { commit, reply: acknowledgement(to, refused) };
  }

  #bounded(resources: number): void {
    if (resources > this.#most) throw new PcgError("LCP_TOO_MUCH", { resources, most: this.#most });
  }

  #isKnown(id: ResourceId): boolean {
    return this.#resources.has(id) || this.#refused.has(id);
  }

  /** Versions tell what is new only among those of one source. */
  #isNew(resource: Resource, instance: string): boolean {
    const { version } = resource;
    const id = idOf(resource);
    if (instance !== this.#instance) return true;
    return this.#resources.get(id)?.version !== version && this.#refused.get(id)?.version !== version;
  }

  /** Without the body, if it is held already or cannot be used. */
  #sifted(resource: Resource, instance: string): Offer {
    const without = { ...resource, body: null };
    const held = this.#resources.get(idOf(resource));
    if (!this.#isNew(resource, instance)) return { resource: held?.version === resource.version ? held : without };
    const why = this.#judge(resource);
    return why === undefined ? { resource } : { resource: without, why };
  }

  #taken(offers: readonly Offer[]): { upserts: Resource[]; refused: Refusal[] } {
    const upserts: Resource[] = [];
    const refused: Refusal[] = [];
    for (const { resource, why } of offers) {
      const id = idOf(resource);
      if (why === undefined) {
        upserts.push(resource);
        this.#refused.delete(id);
        continue;
      }
      const refusal = { id, version: resource.version, why: why.slice(0, MOST_REASON) };
      refused.push(refusal);
      this.#refused.set(id, refusal);
    }
    return { upserts, refused };
  }

  #forget(ids: readonly ResourceId[]): void {
    for (const id of ids) this.#refused.delete(id);
  }

  #commit(commit: Commit): Commit {
    for (const resource of commit.upserts) this.#resources.set(idOf(resource), resource);
    for (const id of commit.deletes) this.#resources.delete(id);
    this.#instance = commit.instance;
    this.#at = commit.at;
    this.#compared = true;
    return commit;
  }
}

type Begin = Shadow["begin"];

const acknowledgement = (at: Position, refused: readonly Refusal[]): FromReceiver => ({
  ...{ kind: "ack", at },
  refused: refused.slice(0, MOST_REFUSED),
});

const versions = (refused: Iterable<readonly [ResourceId, Refusal]>): Map<ResourceId, Position> =>
  new Map([...refused].map(([id, { version }]) => [id, version]));

function replacedIds({ only, buckets }: Begin): (id: ResourceId) => boolean {
  const among = only && new Set(only);
  return (id) => !among || among.has(bucketOfId(id, buckets));
}

function replacedBy({ only, buckets }: Begin): (resource: Resource) => boolean {
  const among = only && new Set(only);
  return (resource) => !among || among.has(bucketOf(resource, buckets));
}

function parted<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  const sides: [T[], T[]] = [[], []];
  for (const one of all) sides[belongs(one) ? 0 : 1].push(one);
  return sides;
}
