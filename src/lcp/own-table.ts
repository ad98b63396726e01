import { after, type Position, resumedAt, START } from "./position.ts";
import { Publication } from "./publication.ts";
import type { Passing } from "./relay-server.ts";
import { idOf, type Resource, ResourceId } from "./resource.ts";
import type { Commit, Held } from "./subscription.ts";

/** What a node says by itself; its body is JSON. */
export type Statement = Pick<Resource, "type" | "key" | "body">;

/** There are few to tell, so all may be told at once. */
const EVERYBODY = { begin: () => ({ end: () => undefined }) };

/** A table that a node fills by itself and that concerns everyone who asks, all of it. It lives as long as the process. */
export class OwnTable implements Passing {
  readonly #instance: string;
  readonly #resources = new Map<ResourceId, Resource>();
  readonly #sessions = new Map<string, Publication>();
  #at: Position;

  /** @param instance what no other process ever called its table @param wallMs milliseconds since 1970 */
  constructor(instance: string, wallMs: number) {
    this.#instance = instance;
    this.#at = resumedAt(START, wallMs);
  }

  get held(): Held {
    return { instance: this.#instance, at: this.#at, resources: this.#resources };
  }

  /** What has to change for these to be the whole of the table; undefined: nothing. To be {@link committed}. */
  changeTo(statements: Iterable<Statement>): Commit | undefined {
    const at = after(this.#at);
    const gone = new Set(this.#resources.keys());
    const upserts: Resource[] = [];
    for (const { type, key, body } of statements) {
      const id = ResourceId(type, key);
      gone.delete(id);
      if (!isSame(this.#resources.get(id)?.body, body)) upserts.push({ type, key, version: at, body });
    }
    if (upserts.length === 0 && gone.size === 0) return undefined;
    return { instance: this.#instance, at, upserts, deletes: [...gone] };
  }

  committed({ at, upserts, deletes }: Commit): void {
    this.#at = at;
    const changed = (id: ResourceId, was: boolean) => {
      for (const publication of this.#sessions.values()) publication.changed(id, was);
    };
    for (const resource of upserts) {
      const id = idOf(resource);
      const was = this.#resources.has(id);
      this.#resources.set(id, resource);
      changed(id, was);
    }
    for (const id of deletes) if (this.#resources.delete(id)) changed(id, true);
    for (const publication of this.#sessions.values()) publication.moved();
  }

  open(receiver: string, wake: () => void): Publication {
    this.close(receiver);
    const source = {
      instance: () => this.#instance,
      at: () => this.#at,
      get: (id: ResourceId) => this.#resources.get(id),
      all: () => this.#resources.values(),
      // It heard a process of before, whose clock was ahead.
      behind: (at: Position) => {
        this.#at = after(at);
      },
    };
    const publication = new Publication(source, EVERYBODY, wake);
    this.#sessions.set(receiver, publication);
    return publication;
  }

  close(receiver: string, publication?: Publication): void {
    const session = this.#sessions.get(receiver);
    if (!session || (publication && session !== publication)) return;
    session.end();
    this.#sessions.delete(receiver);
  }
}

/** Mostly it is the same object. */
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
