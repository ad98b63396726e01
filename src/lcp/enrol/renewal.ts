import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { Pauses } from "../pauses.ts";

/** How long a certificate is good, in milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

export interface RenewalWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Gets the next certificate and puts it in the place of this one; undefined: somebody else sees to that. */
  renew(): Promise<Validity> | undefined;
}

export interface RenewalStatus {
  /** ISO 8601. */
  readonly until: string;
  readonly expired: boolean;
  /** Why the last attempt failed, until one succeeds. */
  readonly lastError: string | null;
}

/** The part of a certificate's life after which it is renewed, and how much that varies, so that nodes do not come together. */
const DUE = { after: 0.4, vary: 0.2 } as const;
/** Clocks jump, and timers have a longest time. */
const LOOK_MS = 3_600_000;
/** How late it may be said that a certificate is over which is not renewed here. */
const LONGEST_UNTOLD_MS = 60_000;
/** However short a life is. */
const LEAST_MS = 1_000;

/** Renews a certificate by itself, long before it is over. */
export class Renewal {
  readonly #world: RenewalWorld;
  readonly #pauses: Pauses;
  #validity: Validity;
  #due = 0;
  #lastError: string | null = null;
  #saidExpired = false;
  #cancel: () => void = () => undefined;

  constructor(validity: Validity, world: RenewalWorld) {
    this.#world = world;
    this.#pauses = new Pauses(world.random);
    this.#validity = validity;
  }

  get status(): RenewalStatus {
    const { until } = this.#validity;
    return { until: new Date(until).toISOString(), expired: this.#isOver(), lastError: this.#lastError };
  }

  start(): void {
    this.#plan(0);
  }

  stop(): void {
    this.#cancel();
  }

  /** Somebody has put another certificate in the place of this one. */
  replaced(validity: Validity): void {
    this.#validity = validity;
    this.#wentWell();
  }

  #plan(least: number): void {
    const { from, until } = this.#validity;
    this.#due = from + (until - from) * (DUE.after + DUE.vary * this.#world.random());
    this.#look(least);
  }

  /** @param least milliseconds to wait at least */
  #look(least: number): void {
    const left = this.#due - this.#world.clock.wall();
    this.#cancel();
    this.#cancel = this.#world.clock.after(Math.max(least, Math.min(left, LOOK_MS)), () => {
      this.#sayExpired();
      if (this.#world.clock.wall() < this.#due) return this.#look(0);
      const coming = this.#world.renew();
      if (coming) void this.#renewed(coming);
      else this.#look(LONGEST_UNTOLD_MS);
    });
  }

  async #renewed(coming: Promise<Validity>): Promise<void> {
    const before = this.#validity;
    try {
      const next = await coming;
      // Another was put there meanwhile: that counts.
      if (this.#validity !== before) return;
      this.#validity = next;
    } catch (error) {
      if (this.#validity !== before) return;
      this.#lastError = messageOf(error);
      this.#world.log.warn("the certificate is not renewed yet", { until: this.status.until, why: this.#lastError });
      this.#look(Math.max(LEAST_MS, this.#pauses.next()));
      return;
    }
    this.#world.log.info("the certificate is renewed", { until: this.status.until });
    this.#wentWell();
  }

  #wentWell(): void {
    this.#lastError = null;
    this.#saidExpired = false;
    this.#pauses.reset();
    this.#plan(LEAST_MS);
  }

  #isOver(): boolean {
    return this.#validity.until <= this.#world.clock.wall();
  }

  #sayExpired(): void {
    if (!this.#isOver() || this.#saidExpired) return;
    this.#saidExpired = true;
    this.#world.log.error("the certificate is over; without another this node is let in nowhere", {
      until: this.status.until,
    });
  }
}
