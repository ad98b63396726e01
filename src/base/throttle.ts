import type { Clock } from "./clock.ts";

export interface Rate {
  readonly perSecond: number;
  /** So many at once, after a pause. */
  readonly burst: number;
}

/** Keys remembered: those whose allowance is whole again are forgotten first. */
const MOST_KEYS = 10_000;

/** Lets each key come so often, and no more. What it remembers is bounded, whoever comes. */
export class Throttle {
  readonly #rate: Rate;
  readonly #clock: Clock;
  /** When each key's allowance will be whole; whoever came last stands last. */
  readonly #wholeAt = new Map<string, number>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** @returns milliseconds after which it may come again; 0: it may now, and that is counted */
  take(key: string): number {
    const now = this.#clock.now();
    const eachMs = 1_000 / this.#rate.perSecond;
    const wholeAt = Math.max(now, this.#wholeAt.get(key) ?? now) + eachMs;
    const early = wholeAt - now - this.#rate.burst * eachMs;
    // Sums of fractions are not exact.
    if (early > 1e-6) return Math.ceil(early);
    this.#wholeAt.delete(key);
    this.#wholeAt.set(key, wholeAt);
    if (this.#wholeAt.size > MOST_KEYS) this.#forget(now);
    return 0;
  }

  #forget(now: number): void {
    for (const [key, wholeAt] of this.#wholeAt) {
      if (wholeAt > now) break;
      this.#wholeAt.delete(key);
    }
    const [oldest] = this.#wholeAt.keys();
    if (this.#wholeAt.size > MOST_KEYS && oldest !== undefined) this.#wholeAt.delete(oldest);
  }
}
