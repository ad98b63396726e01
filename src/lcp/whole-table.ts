import type { Position } from "./position.ts";
import { type Admission, Publication } from "./publication.ts";
import type { Sharing, Upstream } from "./relay.ts";
import { idOf, type ResourceId } from "./resource.ts";
import type { Commit } from "./subscription.ts";

/** Passes all there is on to every receiver. A change costs what it concerns, however much there is. */
export class WholeTable implements Sharing {
  readonly #upstream: Upstream;
  readonly #admission: Admission;
  /** What was there when receivers were last told. */
  readonly #known: Set<ResourceId>;
  readonly #sessions = new Map<string, Publication>();

  constructor(upstream: Upstream, admission: Admission) {
    this.#upstream = upstream;
    this.#admission = admission;
    this.#known = new Set(upstream.held().resources.keys());
  }

  open(receiver: string, wake: () => void): Publication {
    this.close(receiver);
    const held = () => this.#upstream.held();
    const source = {
      instance: () => held().instance,
      at: () => held().at,
      get: (id: ResourceId) => held().resources.get(id),
      all: () => held().resources.values(),
      behind: (at: Position) => this.#upstream.behind(at),
    };
    const publication = new Publication(source, this.#admission, wake);
    this.#sessions.set(receiver, publication);
    return publication;
  }

  close(receiver: string, publication?: Publication): void {
    const session = this.#sessions.get(receiver);
    if (!session || (publication && session !== publication)) return;
    session.end();
    this.#sessions.delete(receiver);
  }

  committed({ upserts, deletes }: Commit): void {
    for (const id of [...upserts.map(idOf), ...deletes]) {
      const was = this.#known.has(id);
      if (this.#upstream.held().resources.has(id)) this.#known.add(id);
      else this.#known.delete(id);
      for (const publication of this.#sessions.values()) publication.changed(id, was);
    }
    for (const publication of this.#sessions.values()) publication.moved();
  }
}
