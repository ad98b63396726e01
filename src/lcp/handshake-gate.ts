import type { Clock } from "../base/clock.ts";

export interface HandshakeLimits {
  /** Connections at once, of whatever kind. */
  readonly connections: number;
  /** Handshakes begun in a second. */
  readonly handshakesPerSecond: number;
}

/** A connection before its handshake. */
export interface Arrival {
  /** It is over, by whoever. */
  once(event: "close", fn: () => void): unknown;
  destroy(): unknown;
}

/** Whoever waits longer has given up on us, or nearly. */
const WAIT_MS = 7_000;

/**
 * What costs most is the handshake: so many begin in a second. Who comes too fast waits, in order, where that ends before
 * patience does, so that after all have lost their connection at once no turn goes unused; others are turned away.
 */
export class HandshakeGate<A extends Arrival> {
  readonly #limits: HandshakeLimits;
  readonly #clock: Clock;
  readonly #begin: (arrival: A) => void;
  readonly #refuse: (reason: string) => void;
  readonly #waiting = new Set<A>();
  #open = 0;
  #tokens: number;
  #filledAt: number;
  #isDue = false;

  /** @param begin lets the handshake begin @param refuse told why one was turned away */
  constructor(
    limits: HandshakeLimits,
    clock: Clock,
    { begin, refuse }: { begin(arrival: A): void; refuse(reason: string): void },
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#begin = begin;
    this.#refuse = refuse;
    this.#tokens = limits.handshakesPerSecond;
    this.#filledAt = clock.now();
  }

  arrive(arrival: A): void {
    const why = this.#whyNot();
    if (why !== undefined) {
      this.#refuse(why);
      arrival.destroy();
      return;
    }
    this.#open++;
    this.#waiting.add(arrival);
    arrival.once("close", () => {
      this.#open--;
      this.#waiting.delete(arrival);
    });
    this.#serve();
  }

  #whyNot(): string | undefined {
    const { connections, handshakesPerSecond } = this.#limits;
    if (this.#open >= connections) return "too many";
    return this.#waiting.size >= (handshakesPerSecond * WAIT_MS) / 1_000 ? "too fast" : undefined;
  }

  #serve(): void {
    const { handshakesPerSecond } = this.#limits;
    const now = this.#clock.now();
    this.#tokens = Math.min(handshakesPerSecond, this.#tokens + ((now - this.#filledAt) * handshakesPerSecond) / 1_000);
    this.#filledAt = now;
    for (const arrival of this.#waiting) {
      if (this.#tokens < 1) break;
      this.#tokens--;
      this.#waiting.delete(arrival);
      this.#begin(arrival);
    }
    if (this.#waiting.size === 0 || this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(1_000 / handshakesPerSecond, () => {
      this.#isDue = false;
      this.#serve();
    });
  }
}
