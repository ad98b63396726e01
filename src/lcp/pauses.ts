/** The first pause before trying again, and the longest. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** How long to wait before trying again: each at random, up to twice as long as the one before. */
export class Pauses {
  readonly #random: () => number;
  #most = FIRST_MS;

  /** @param random from 0 to less than 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds. */
  next(): number {
    const pause = this.#most * this.#random();
    this.#most = Math.min(LONGEST_MS, 2 * this.#most);
    return pause;
  }

  /** It has gone well. */
  reset(): void {
    this.#most = FIRST_MS;
  }
}
