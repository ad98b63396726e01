import { Multimap } from "./multimap.ts";

/** Which keys there are, and in which collections each is. */
export class Collections {
  readonly #keys = new Multimap<string, string>();
  readonly #of = new Map<string, readonly string[]>();

  has(key: string): boolean {
    return this.#of.has(key);
  }

  /** In order. */
  keys(collection: string): readonly string[] {
    return [...this.#keys.get(collection)].sort();
  }

  /**
   * @param now undefined: there is no such key any more
   * @returns the collections it came to or left
   */
  put(key: string, now: readonly string[] | undefined): string[] {
    const before = this.#of.get(key) ?? [];
    if (now) this.#of.set(key, now);
    else this.#of.delete(key);
    const left = before.filter((collection) => !now?.includes(collection));
    const joined = (now ?? []).filter((collection) => !before.includes(collection));
    for (const collection of left) this.#keys.delete(collection, key);
    for (const collection of joined) this.#keys.add(collection, key);
    return [...left, ...joined];
  }
}
