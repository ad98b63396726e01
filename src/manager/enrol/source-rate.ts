import type { Clock } from "../../base/clock.ts";

/** Requests of one source at once, and one more each so many milliseconds. */
const BURST = 30;
const EACH_MS = 1_000;
/** Sources remembered; who came longest ago is forgotten first. */
const MOST = 10_000;

/** Lets each source ask so often, and no more. */
export class SourceRate {
  readonly #clock: Clock;
  /** When each source's allowance will be whole again; whoever came last stands last. */
  readonly #wholeAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  takes(source: string): boolean {
    const now = this.#clock.now();
    const wholeAt = Math.max(now, this.#wholeAt.get(source) ?? now) + EACH_MS;
    if (wholeAt - now > BURST * EACH_MS) return false;
    this.#wholeAt.delete(source);
    this.#wholeAt.set(source, wholeAt);
    const [oldest] = this.#wholeAt.keys();
    if (this.#wholeAt.size > MOST && oldest !== undefined) this.#wholeAt.delete(oldest);
    return true;
  }
}
