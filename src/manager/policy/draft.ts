import type { Documents, Writes } from "../state/documents.ts";
import { Overlaid } from "../state/overlaid.ts";
import { claimsIn } from "./claim-index.ts";
import { type Claims, claimsOf } from "./claims.ts";

/** Documents as they will be: what is there, with writes that nobody else sees yet. */
export class Draft implements Documents, Claims {
  readonly #base: Documents;
  readonly #overlaid: Overlaid;
  #claims: Claims | undefined;
  readonly #holders = new Map<string, Set<string>>();

  constructor(base: Documents) {
    this.#base = base;
    this.#overlaid = new Overlaid(base);
  }

  get(key: string): unknown {
    return this.#overlaid.get(key);
  }

  /** What was there. */
  before(key: string): unknown {
    return this.#base.get(key);
  }

  under(prefix: string): Iterable<readonly [string, unknown]> {
    return this.#overlaid.under(prefix);
  }

  set(key: string, value: unknown): void {
    for (const claim of claimsOf(key, this.#overlaid.writes.get(key))) this.#holders.get(claim)?.delete(key);
    this.#overlaid.set(key, value);
    for (const claim of claimsOf(key, value)) this.#take(claim, key);
  }

  *holders(claim: string): Generator<string> {
    this.#claims ??= claimsIn(this.#base);
    for (const key of this.#claims.holders(claim)) if (!this.#overlaid.writes.has(key)) yield key;
    yield* this.#holders.get(claim) ?? [];
  }

  /** Without what is as it was. */
  writes(): Writes {
    return new Map([...this.#overlaid.writes].filter(([key, value]) => this.#base.get(key) !== value));
  }

  #take(claim: string, key: string): void {
    const holders = this.#holders.get(claim);
    if (holders) holders.add(key);
    else this.#holders.set(claim, new Set([key]));
  }
}
