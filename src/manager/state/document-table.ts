import type { Documents, Writes } from "./documents.ts";

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
    for (let n = this.#placeOf(prefix); n < this.#keys.length; n++) {
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
    if (!this.#values.has(key)) this.#keys.splice(this.#placeOf(key), 0, key);
    this.#values.set(key, value);
  }

  #remove(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#placeOf(key), 1);
  }

  /** Where a key is, or would be. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Documents as they were before some writes. */
export class Before implements Documents {
  readonly #now: Documents;
  readonly #before: Writes;

  /** @param before what undoes the writes */
  constructor(now: Documents, before: Writes) {
    this.#now = now;
    this.#before = before;
  }

  get(key: string): unknown {
    return this.#before.has(key) ? this.#before.get(key) : this.#now.get(key);
  }

  *under(prefix: string): Iterable<readonly [string, unknown]> {
    const mine = [...this.#before].filter(([key, value]) => key.startsWith(prefix) && value !== undefined);
    const others = [...this.#now.under(prefix)].filter(([key]) => !this.#before.has(key));
    yield* [...mine, ...others].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
