import type { Clock } from "../base/clock.ts";
import { type Rate, Throttle } from "../base/throttle.ts";
import { Crowd, firstOf } from "./crowd.ts";

export interface HandshakeLimits {
  /** Connections at once, of whatever kind. */
  readonly connections: number;
  /** Of them, those of one source. Undefined: a source may have all. */
  readonly connectionsPerSource?: number;
  readonly handshakes: Rate;
  /** Undefined: a source may have every turn that no other source waits for. */
  readonly handshakesPerSource?: Rate;
  /** How long a connection may stay without a byte from its client. */
  readonly silentMs: number;
}

/** A connection before its handshake. */
export interface Arrival {
  /** It is over, by whoever. */
  once(event: "close", fn: () => void): unknown;
  destroy(): unknown;
}

interface Doors<A> {
  /** Lets the handshake begin. */
  begin(arrival: A): void;
  /** Told why a connection was turned away. */
  refuse(reason: string, source: string): void;
}

/**
 * `silent`: it has not sent a byte. `waiting`: for its turn to begin a handshake. `shaking`: its handshake goes on.
 * `idle`: its handshake is over, and it asks nothing. `busy`: it must not be disturbed.
 */
type Stage = "silent" | "waiting" | "shaking" | "idle" | "busy";

interface Known {
  readonly source: string;
  stage: Stage;
  /** Ends the patience with its silence. */
  stopWaiting(): void;
}

/** Whoever waits longer has given up on us, or nearly. */
const WAIT_MS = 7_000;

/**
 * Shares a door among sources, whatever connections cost and however many some of them open.
 *
 * - A connection that has not sent a byte costs a place, and no turn. When places are short, silent connections give
 *   theirs up first, then those in a handshake, then idle ones; each time one of the source that has the most. So a
 *   source with one connection loses it only where no other has two.
 * - What costs most is the handshake: so many begin in a second. Sources take turns, each in its own order, where a turn
 *   comes before patience ends; so after all clients have lost their connection at once no turn goes unused.
 */
export class HandshakeGate<A extends Arrival> {
  readonly #limits: HandshakeLimits;
  readonly #clock: Clock;
  readonly #doors: Doors<A>;
  readonly #ofOne: Throttle | undefined;
  readonly #known = new Map<A, Known>();
  readonly #all = new Crowd<A>();
  readonly #silent = new Crowd<A>();
  /** Those whose handshake is not over: silent, waiting or shaking. */
  readonly #strangers = new Crowd<A>();
  readonly #idle = new Crowd<A>();
  readonly #waiting = new Crowd<A>();
  /** Sources of which some wait, in the order of their turns. */
  readonly #turns = new Set<string>();
  #waitingCount = 0;
  #tokens: number;
  #filledAt: number;
  #isDue = false;

  constructor(limits: HandshakeLimits, clock: Clock, doors: Doors<A>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#doors = doors;
    this.#ofOne = limits.handshakesPerSource && new Throttle(limits.handshakesPerSource, clock);
    this.#tokens = limits.handshakes.burst;
    this.#filledAt = clock.now();
  }

  /** A client has connected. Where there is no place for it, it is closed. */
  arrive(arrival: A, source: string): void {
    const why = this.#whyNot(source);
    if (why !== undefined) {
      this.#doors.refuse(why, source);
      arrival.destroy();
      return;
    }
    const stopWaiting = this.#clock.after(this.#limits.silentMs, () => this.#turnAway(arrival, "silent"));
    this.#known.set(arrival, { source, stage: "silent", stopWaiting });
    this.#all.add(source, arrival);
    this.#enter(arrival, source, "silent");
    arrival.once("close", () => this.#forget(arrival));
  }

  /** The first bytes of a client are here. */
  spoke(arrival: A): void {
    const known = this.#known.get(arrival);
    if (known?.stage !== "silent") return;
    known.stopWaiting();
    if ((this.#ofOne?.take(known.source) ?? 0) > 0 || !this.#isSoon(known.source)) {
      this.#turnAway(arrival, "too fast");
      return;
    }
    this.#become(arrival, known, "waiting");
    this.#serve();
  }

  /** The handshake is over: what it does from now on. */
  becomes(arrival: A, stage: "idle" | "busy"): void {
    const known = this.#known.get(arrival);
    if (known && known.stage !== stage) this.#become(arrival, known, stage);
  }

  #whyNot(source: string): string | undefined {
    const { connections, connectionsPerSource = connections } = this.#limits;
    if (this.#all.of(source).size >= connectionsPerSource) {
      const own = firstOf(this.#silent.of(source));
      if (own === undefined) return "too many of one source";
      this.#turnAway(own, "made room");
    }
    if (this.#known.size < connections) return undefined;
    const victim = this.#leastWorth();
    if (victim === undefined) return "too many";
    this.#turnAway(victim, "made room");
    return undefined;
  }

  /** Whose place another connection gets. Undefined: all are busy. */
  #leastWorth(): A | undefined {
    const among = (source: string | undefined, ...crowds: Crowd<A>[]): A | undefined => {
      for (const crowd of source === undefined ? [] : crowds) {
        const first = firstOf(crowd.of(source ?? ""));
        if (first !== undefined) return first;
      }
      return undefined;
    };
    return (
      among(this.#silent.heaviest(2), this.#silent) ??
      among(this.#strangers.heaviest(2), this.#silent, this.#strangers) ??
      among(this.#idle.heaviest(2), this.#idle) ??
      among(this.#silent.heaviest(1), this.#silent) ??
      among(this.#strangers.heaviest(1), this.#strangers) ??
      among(this.#idle.heaviest(1), this.#idle)
    );
  }

  /** Whether its turn will come in time; if others of a source that has more must leave for it, they do. */
  #isSoon(source: string): boolean {
    if (this.#waitingCount < (this.#limits.handshakes.perSecond * WAIT_MS) / 1_000) return true;
    const most = this.#waiting.heaviest(1) ?? source;
    const first = firstOf(this.#waiting.of(most));
    if (first === undefined || this.#waiting.of(most).size <= this.#waiting.of(source).size + 1) return false;
    this.#turnAway(first, "too fast");
    return true;
  }

  #turnAway(arrival: A, reason: string): void {
    const source = this.#known.get(arrival)?.source;
    this.#forget(arrival);
    if (source !== undefined) this.#doors.refuse(reason, source);
    arrival.destroy();
  }

  #forget(arrival: A): void {
    const known = this.#known.get(arrival);
    if (!known) return;
    known.stopWaiting();
    this.#leave(arrival, known);
    this.#all.delete(known.source, arrival);
    this.#known.delete(arrival);
  }

  #become(arrival: A, known: Known, stage: Stage): void {
    this.#leave(arrival, known);
    known.stage = stage;
    this.#enter(arrival, known.source, stage);
  }

  #crowdsOf(stage: Stage): readonly Crowd<A>[] {
    switch (stage) {
      case "silent":
        return [this.#silent, this.#strangers];
      case "waiting":
        return [this.#waiting, this.#strangers];
      case "shaking":
        return [this.#strangers];
      case "idle":
        return [this.#idle];
      case "busy":
        return [];
    }
  }

  #enter(arrival: A, source: string, stage: Stage): void {
    for (const crowd of this.#crowdsOf(stage)) crowd.add(source, arrival);
    if (stage !== "waiting") return;
    this.#waitingCount++;
    this.#turns.add(source);
  }

  #leave(arrival: A, { source, stage }: Known): void {
    for (const crowd of this.#crowdsOf(stage)) crowd.delete(source, arrival);
    if (stage !== "waiting") return;
    this.#waitingCount--;
    if (this.#waiting.of(source).size === 0) this.#turns.delete(source);
  }

  #serve(): void {
    const { perSecond, burst } = this.#limits.handshakes;
    const now = this.#clock.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1_000);
    this.#filledAt = now;
    while (this.#tokens >= 1 && this.#turns.size > 0) {
      this.#tokens--;
      this.#next();
    }
    if (this.#turns.size === 0 || this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(1_000 / perSecond, () => {
      this.#isDue = false;
      this.#serve();
    });
  }

  /** The source whose turn it was goes to the end of the row. */
  #next(): void {
    const [source = ""] = this.#turns;
    const arrival = firstOf(this.#waiting.of(source));
    this.#turns.delete(source);
    const known = arrival && this.#known.get(arrival);
    if (!arrival || !known) return;
    this.#become(arrival, known, "shaking");
    if (this.#waiting.of(source).size > 0) this.#turns.add(source);
    this.#doors.begin(arrival);
  }
}
