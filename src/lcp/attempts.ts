import type { Clock } from "../base/clock.ts";
import { Pauses } from "./pauses.ts";

export interface AttemptsWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  /** The longest pause between two attempts. */
  readonly longestPauseMs?: number | undefined;
  /** @param where it would go well, as far as anybody knows */
  attempt(where: string | undefined): void;
}

/** Between the beginnings of two attempts at least, if the second is hurried: doubled each time until one goes well. */
const HURRIED_MS = { first: 1_000, longest: 60_000 } as const;

/** When to try again to have a connection: after a pause, or sooner if there is reason to believe that it goes well. */
export class Attempts {
  readonly #world: AttemptsWorld;
  readonly #pauses: Pauses;
  #state: "trying" | "standing" | "pausing" | "sent away" | "stopped" = "stopped";
  #beganAt = 0;
  /** The end of the pause. */
  #nextAt = 0;
  #leastMs: number = HURRIED_MS.first;
  #where: string | undefined;
  #cancel: () => void = () => undefined;

  constructor(world: AttemptsWorld) {
    this.#world = world;
    this.#pauses = new Pauses(world.random, world.longestPauseMs);
  }

  start(): void {
    const where = this.#where;
    this.#cancel();
    this.#where = undefined;
    this.#state = "trying";
    this.#beganAt = this.#world.clock.now();
    this.#world.attempt(where);
  }

  stop(): void {
    this.#cancel();
    this.#state = "stopped";
  }

  /** There is a connection, whoever made it. */
  stands(): void {
    this.#cancel();
    this.#where = undefined;
    this.#state = "standing";
  }

  /** More has come of it than a connection. */
  wentWell(): void {
    this.#pauses.reset();
    this.#leastMs = HURRIED_MS.first;
  }

  /** There is none, or no longer. */
  failed(): void {
    this.#pause("pausing", this.#pauses.next());
    if (this.#where !== undefined) this.hurry(this.#where);
  }

  /** The other end has said when to come again: nothing makes that sooner. */
  sentAway(ms: number): void {
    this.#pause("sent away", ms);
  }

  /** Ends a pause; what is under way is followed by another attempt if it fails. Often hurried is not as soon. */
  hurry(where: string): void {
    if (this.#state === "trying") this.#where = where;
    if (this.#state !== "pausing") return;
    this.#where = where;
    const now = this.#world.clock.now();
    const at = Math.min(this.#nextAt, Math.max(now, this.#beganAt + this.#leastMs));
    if (at >= this.#nextAt) return;
    this.#leastMs = Math.min(HURRIED_MS.longest, 2 * this.#leastMs);
    if (at <= now) this.start();
    else this.#pause("pausing", at - now);
  }

  /** Why it failed is no longer so: a pause is over, and the next ones are short. */
  now(): void {
    if (this.#state !== "pausing") return;
    this.wentWell();
    this.start();
  }

  #pause(state: "pausing" | "sent away", ms: number): void {
    const { clock } = this.#world;
    this.#cancel();
    this.#state = state;
    this.#nextAt = clock.now() + ms;
    this.#cancel = clock.after(ms, () => this.start());
  }
}
