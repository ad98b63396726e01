import type { Clock } from "./clock.ts";

/** Time that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now = 0;
  #seq = 0;
  #due: { at: number; seq: number; fn: () => void }[] = [];
  readonly #epoch: number;

  /** @param epoch what {@link wall} says at the start, milliseconds since 1970 */
  constructor(epoch = 1_700_000_000_000) {
    this.#epoch = epoch;
  }

  now() {
    return this.#now;
  }

  wall() {
    return this.#epoch + this.#now;
  }

  after(ms: number, fn: () => void) {
    const entry = { at: this.#now + ms, seq: this.#seq++, fn };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((e) => e !== entry);
    };
  }

  advance(ms: number) {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.at - b.at || a.seq - b.seq)[0];
      if (!next || next.at > until) break;
      this.#due = this.#due.filter((e) => e !== next);
      this.#now = next.at;
      next.fn();
    }
    this.#now = until;
  }
}
