import { messageOf } from "../../base/error.ts";

/** One that fails for less is changing its leader, or its disk was busy. Milliseconds. */
const PATIENCE_MS = 3_000;

/** Whether a store does what it is asked, as those who ask it have seen. */
export class StoreHealth {
  readonly #now: () => number;
  #failing: { readonly since: number; readonly why: string } | undefined;

  /** @param now milliseconds on a line that never goes backwards */
  constructor(now: () => number) {
    this.#now = now;
  }

  worked(): void {
    this.#failing = undefined;
  }

  failed(why: string): void {
    this.#failing = { since: this.#failing?.since ?? this.#now(), why };
  }

  /** @throws what `ask` throws */
  async watch<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask();
      this.worked();
      return answer;
    } catch (error) {
      this.failed(messageOf(error));
      throw error;
    }
  }

  /** Why nothing has worked for a while; undefined: something has. */
  get trouble(): string | undefined {
    const failing = this.#failing;
    return failing && this.#now() - failing.since >= PATIENCE_MS ? failing.why : undefined;
  }
}
