import { isDeepStrictEqual } from "node:util";
import type { Position } from "../../lcp/position.ts";
import { idOf, type Resource, type ResourceId } from "../../lcp/resource.ts";

/** A resource before it is known since when it is as it is. */
export type Piece = Omit<Resource, "version">;

/** What changes in the runtime state of one Tier-0. */
export interface Delta {
  /** Its id. */
  readonly tier0: string;
  readonly upserts: readonly Piece[];
  readonly deletes: readonly ResourceId[];
}

/** Makes runtime state out of policy. */
export interface Compiling {
  /** After the documents it was made with have changed at these keys. */
  changed(keys: Iterable<string>): Delta[];
  tier0s(): Iterable<string>;
  table(tier0: string): ReadonlyMap<ResourceId, Piece>;
}

/** Runtime state by Tier-0, each resource with the position at which it last changed. */
export class RuntimeTables {
  readonly #tables = new Map<string, Map<ResourceId, Resource>>();

  of(tier0: string): ReadonlyMap<ResourceId, Resource> {
    return this.#table(tier0);
  }

  *all(): Iterable<readonly [tier0: string, Resource]> {
    for (const [tier0, table] of this.#tables) for (const resource of table.values()) yield [tier0, resource];
  }

  put(tier0: string, resource: Resource): void {
    this.#table(tier0).set(idOf(resource), resource);
  }

  /** @returns the resources that came or changed */
  apply({ tier0, upserts, deletes }: Delta, version: Position): Resource[] {
    const table = this.#table(tier0);
    const made = upserts.map((piece): Resource => ({ ...piece, version }));
    for (const resource of made) table.set(idOf(resource), resource);
    for (const id of deletes) table.delete(id);
    return made;
  }

  /** What would make them what a compiler makes of the same policy: nothing, unless it is another version's. */
  differencesFrom(compiling: Compiling): Delta[] {
    return [...new Set([...this.#tables.keys(), ...compiling.tier0s()])].flatMap((tier0): Delta[] => {
      const [mine, wanted] = [this.of(tier0), compiling.table(tier0)];
      const upserts = [...wanted].flatMap(([id, piece]) =>
        isDeepStrictEqual(mine.get(id)?.body, piece.body) ? [] : [piece],
      );
      const deletes = [...mine.keys()].filter((id) => !wanted.has(id));
      return upserts.length + deletes.length > 0 ? [{ tier0, upserts, deletes }] : [];
    });
  }

  #table(tier0: string): Map<ResourceId, Resource> {
    const table = this.#tables.get(tier0) ?? new Map();
    this.#tables.set(tier0, table);
    return table;
  }
}
