import type { Documents } from "../state/documents.ts";
import { type Claims, claimsOf } from "./claims.ts";

/** The indexes that are kept up to date, by the documents they are over. */
const kept = new WeakMap<Documents, ClaimIndex>();

/**
 * All claims of the objects in some documents. Not a document itself: it follows from them, and each manager makes its
 * own when it starts.
 */
export class ClaimIndex implements Claims {
  readonly #documents: Documents;
  /** One holder, as almost always, stands for itself. */
  readonly #holders = new Map<string, string | Set<string>>();
  readonly #seen = new Map<string, unknown>();

  constructor(documents: Documents) {
    this.#documents = documents;
    for (const [key, value] of documents.under("/infra/")) this.#replace(key, value);
  }

  /** One that changes of these documents will use, and that has to be told of all that changes in them. */
  static over(documents: Documents): ClaimIndex {
    const index = new ClaimIndex(documents);
    kept.set(documents, index);
    return index;
  }

  /** The documents have new values under these keys. */
  changed(keys: Iterable<string>): void {
    for (const key of keys) if (key.startsWith("/infra/")) this.#replace(key, this.#documents.get(key));
  }

  *holders(claim: string): Generator<string> {
    const holders = this.#holders.get(claim);
    if (typeof holders === "string") yield holders;
    else if (holders) yield* holders;
  }

  #replace(key: string, value: unknown): void {
    for (const claim of claimsOf(key, this.#seen.get(key))) this.#release(claim, key);
    if (value === undefined) this.#seen.delete(key);
    else this.#seen.set(key, value);
    for (const claim of claimsOf(key, value)) this.#take(claim, key);
  }

  #take(claim: string, key: string): void {
    const holders = this.#holders.get(claim);
    if (holders === undefined) this.#holders.set(claim, key);
    else if (typeof holders !== "string") holders.add(key);
    else if (holders !== key) this.#holders.set(claim, new Set([holders, key]));
  }

  #release(claim: string, key: string): void {
    const holders = this.#holders.get(claim);
    if (holders === key) this.#holders.delete(claim);
    if (!(holders instanceof Set)) return;
    holders.delete(key);
    if (holders.size === 0) this.#holders.delete(claim);
  }
}

/** The index that is kept for these documents; where there is none, one for this once, from a look at them all. */
export const claimsIn = (documents: Documents): Claims => kept.get(documents) ?? new ClaimIndex(documents);
