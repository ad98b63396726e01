/** Bytes that all requests together may keep in memory. */
export class Budget {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns how to give them back, once; undefined: there are not so many left */
  take(bytes: number): (() => void) | undefined {
    if (this.#taken + bytes > this.#most) return undefined;
    this.#taken += bytes;
    let isOver = false;
    return () => {
      if (!isOver) this.#taken -= bytes;
      isOver = true;
    };
  }
}
