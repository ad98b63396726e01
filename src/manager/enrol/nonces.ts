import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";

const GOOD_FOR_MS = 60_000;
/** At once, of one source and of all. */
const MOST = { ofOne: 8, ofAll: 20_000 } as const;

/** Numbers that are good once, for a minute, and for who asked: so that what was said cannot be said again. */
export class Nonces {
  readonly #clock: Clock;
  /** In the order they were given. */
  readonly #given = new Map<string, { readonly source: string; readonly at: number }>();
  readonly #bySource = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns undefined: this source, or all together, have too many that they did not use */
  give(source: string): string | undefined {
    this.#forget();
    if ((this.#bySource.get(source) ?? 0) >= MOST.ofOne || this.#given.size >= MOST.ofAll) return undefined;
    const nonce = randomBytes(16).toString("hex");
    this.#given.set(nonce, { source, at: this.#clock.now() });
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
    return nonce;
  }

  /** Whether it was given to this source and is good; then it is good no more. */
  use(nonce: string, source: string): boolean {
    this.#forget();
    if (this.#given.get(nonce)?.source !== source) return false;
    this.#drop(nonce, source);
    return true;
  }

  #forget(): void {
    for (const [nonce, { source, at }] of this.#given) {
      if (this.#clock.now() - at < GOOD_FOR_MS) return;
      this.#drop(nonce, source);
    }
  }

  #drop(nonce: string, source: string): void {
    this.#given.delete(nonce);
    const left = (this.#bySource.get(source) ?? 1) - 1;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }
}
