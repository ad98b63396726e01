import { unlimited } from "./admission.ts";
import { after, type Position, resumedAt, START } from "./position.ts";
import type { Publication } from "./publication.ts";
import type { Sharing } from "./relay.ts";
import { idOf, type Resource, ResourceId } from "./resource.ts";
import type { Commit, Held } from "./subscription.ts";
import { WholeTable } from "./whole-table.ts";

/** What a node says by itself; its body is JSON. */
export type Statement = Pick<Resource, "type" | "key" | "body">;

/** A table that a node fills by itself and that concerns everyone who asks, all of it. It lives as long as the process. */
export class OwnTable implements Sharing {
  readonly #instance: string;
  readonly #resources = new Map<ResourceId, Resource>();
  readonly #shared: WholeTable;
  #at: Position;

  /** @param instance what no other process ever called its table @param wallMs milliseconds since 1970 */
  constructor(instance: string, wallMs: number) {
    this.#instance = instance;
    this.#at = resumedAt(START, wallMs);
    // A receiver that is ahead heard a process of before, whose clock was.
    const behind = (receiver: Position) => {
      this.#at = after(receiver);
    };
    this.#shared = new WholeTable({ held: () => this.held, behind }, unlimited);
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

  committed(commit: Commit): void {
    this.#at = commit.at;
    for (const resource of commit.upserts) this.#resources.set(idOf(resource), resource);
    for (const id of commit.deletes) this.#resources.delete(id);
    this.#shared.committed(commit);
  }

  open(receiver: string, wake: () => void): Publication {
    return this.#shared.open(receiver, wake);
  }

  close(receiver: string, publication?: Publication): void {
    this.#shared.close(receiver, publication);
  }
}

/** Mostly it is the same object. */
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
