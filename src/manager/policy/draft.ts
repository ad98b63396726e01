import type { Documents, Writes } from "../state/documents.ts";
import { claimsIn } from "./claim-index.ts";
import { type Claims, claimsOf } from "./claims.ts";

/** Documents as they will be: what is there, with writes that nobody else sees yet. */
export class Draft implements Documents, Claims {
  readonly #base: Documents;
  #claims: Claims | undefined;
  readonly #writes = new Map<string, unknown>();
  /** Of the writes; in order when they are asked for. */
  readonly #keys: string[] = [];
  #isSorted = true;
  readonly #holders = new Map<string, Set<string>>();

  constructor(base: Documents) {
    this.#base = base;
  }

  get(key: string): unknown {
    return this.#writes.has(key) ? this.#writes.get(key) : this.#base.get(key);
  }

  /** What was there. */
  before(key: string): unknown {
    return this.#base.get(key);
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

  set(key: string, value: unknown): void {
    for (const claim of claimsOf(key, this.#writes.get(key))) this.#holders.get(claim)?.delete(key);
    if (!this.#writes.has(key)) this.#note(key);
    this.#writes.set(key, value);
    for (const claim of claimsOf(key, value)) this.#take(claim, key);
  }

  *holders(claim: string): Generator<string> {
    this.#claims ??= claimsIn(this.#base);
    for (const key of this.#claims.holders(claim)) if (!this.#writes.has(key)) yield key;
    yield* this.#holders.get(claim) ?? [];
  }

  /** Without what is as it was. */
  writes(): Writes {
    return new Map([...this.#writes].filter(([key, value]) => this.#base.get(key) !== value));
  }

  #take(claim: string, key: string): void {
    const holders = this.#holders.get(claim);
    if (holders) holders.add(key);
    else this.#holders.set(claim, new Set([key]));
  }

  *#row(key: string | undefined): Generator<readonly [string, unknown]> {
    const value = key === undefined ? undefined : this.#writes.get(key);
    if (key !== undefined && value !== undefined) yield [key, value];
  }

  #note(key: string): void {
    this.#isSorted &&= (this.#keys.at(-1) ?? "") < key;
    this.#keys.push(key);
  }

  #written(prefix: string): string[] {
    if (!this.#isSorted) this.#keys.sort();
    this.#isSorted = true;
    const first = this.#placeOf(prefix);
    let last = first;
    while (this.#keys[last]?.startsWith(prefix)) last++;
    return this.#keys.slice(first, last);
  }

  /** Where a key is among those written, or would be. */
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
