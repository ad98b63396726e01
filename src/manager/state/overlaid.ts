import type { Documents, Writes } from "./documents.ts";
import { placeOf } from "./sorted-keys.ts";

/** Documents as they are with some writes on top, which the documents below know nothing of. */
export class Overlaid implements Documents {
  readonly #base: Documents;
  readonly #writes: Map<string, unknown>;
  /** Of the writes; in order when they are asked for. */
  readonly #keys: string[];
  #isSorted = false;

  constructor(base: Documents, writes: Writes = new Map()) {
    this.#base = base;
    this.#writes = new Map(writes);
    this.#keys = [...writes.keys()];
  }

  get writes(): Writes {
    return this.#writes;
  }

  get(key: string): unknown {
    return this.#writes.has(key) ? this.#writes.get(key) : this.#base.get(key);
  }

  set(key: string, value: unknown): void {
    if (!this.#writes.has(key)) {
      this.#isSorted &&= (this.#keys.at(-1) ?? "") < key;
      this.#keys.push(key);
    }
    this.#writes.set(key, value);
  }

  *under(prefix: string): Generator<readonly [string, unknown]> {
    const mine = this.#written(prefix);
    if (mine.length === 0) {
      yield* this.#base.under(prefix);
      return;
    }
    let next = 0;
    for (const row of this.#base.under(prefix)) {
      for (; (mine[next] ?? row[0]) < row[0]; next++) yield* this.#row(mine[next]);
      if (!this.#writes.has(row[0])) yield row;
    }
    for (; next < mine.length; next++) yield* this.#row(mine[next]);
  }

  *#row(key: string | undefined): Generator<readonly [string, unknown]> {
    const value = key === undefined ? undefined : this.#writes.get(key);
    if (key !== undefined && value !== undefined) yield [key, value];
  }

  #written(prefix: string): string[] {
    if (!this.#isSorted) this.#keys.sort();
    this.#isSorted = true;
    const first = placeOf(prefix, this.#keys);
    let last = first;
    while (this.#keys[last]?.startsWith(prefix)) last++;
    return this.#keys.slice(first, last);
  }
}
