/** The first pause before trying again, at most. */
const FIRST_MS = 1_000;
/** No pause is longer: ten thousand agents that try so often cost a gateway little, and none is left out for long. */
const LONGEST_MS = 30_000;
/** Gateways are few at a manager: what has happened is to be seen there soon after it is back. */
export const GATEWAY_LONGEST_MS = 8_000;

/** How long to wait before trying again: each at random, up to twice as long as the one before. */
export class Pauses {
  readonly #random: () => number;
  readonly #longest: number;
  #most = FIRST_MS;

  /** @param random from 0 to less than 1 @param longestMs no pause is longer */
  constructor(random: () => number, longestMs = LONGEST_MS) {
    this.#random = random;
    this.#longest = longestMs;
  }

  /** Milliseconds. */
  next(): number {
    const pause = this.#most * this.#random();
    this.#most = Math.min(this.#longest, 2 * this.#most);
    return pause;
  }

  /** It has gone well. */
  reset(): void {
    this.#most = FIRST_MS;
  }
}
