import type { Documents, Writes } from "./documents.ts";
import { placeOf } from "./sorted-keys.ts";

/** Documents in memory, in order of their keys. */
export class DocumentTable implements Documents {
  readonly #values: Map<string, unknown>;
  readonly #keys: string[];

  constructor(documents: Iterable<readonly [key: string, value: unknown]> = []) {
    this.#values = new Map(documents);
    this.#keys = [...this.#values.keys()].sort();
  }

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  *under(prefix: string): Iterable<readonly [string, unknown]> {
    for (let n = placeOf(prefix, this.#keys); n < this.#keys.length; n++) {
      const key = this.#keys[n];
      if (!key?.startsWith(prefix)) return;
      yield [key, this.#values.get(key)];
    }
  }

  /** @returns what undoes it */
  apply(writes: Writes): Writes {
    const before = new Map([...writes.keys()].map((key) => [key, this.#values.get(key)]));
    for (const [key, value] of writes)
      if (value === undefined) this.#remove(key);
      else this.#put(key, value);
    return before;
  }

  #put(key: string, value: unknown): void {
    if (!this.#values.has(key)) this.#keys.splice(placeOf(key, this.#keys), 0, key);
    this.#values.set(key, value);
  }

  #remove(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(placeOf(key, this.#keys), 1);
  }
}
