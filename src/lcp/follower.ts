import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { readFromSource } from "./protocol.ts";
import { type Commit, type Held, type Judge, Subscription } from "./subscription.ts";

/** Where what is held outlives the process. */
export interface HeldStore {
  load(): Held;
  /** Durable when it returns, whole or not at all. @throws where it cannot be */
  commit(commit: Commit): void;
}

export interface FollowerWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly store: HeldStore;
  readonly judge: Judge;
  connect(events: ChannelEvents): Channel;
  /** What is held has changed by this, and is durable. */
  committed(commit: Commit): void;
}

/** The first pause before trying again, and the longest; each is at random up to twice the one before. */
const PAUSE_MS = { first: 1_000, longest: 60_000 } as const;
/** How often the source is asked to compare, and how much it varies. */
const COMPARE_MS = { every: 600_000, vary: 60_000 } as const;

/** Keeps what is held at what a source says, as well as the source can be reached. */
export class Follower {
  readonly #world: FollowerWorld;
  #subscription: Subscription;
  #channel: Channel | undefined;
  #heard = false;
  #lostBecause: string | null = null;
  #pause: number = PAUSE_MS.first;
  #cancel: () => void = () => undefined;

  constructor(world: FollowerWorld) {
    this.#world = world;
    this.#subscription = new Subscription(world.store.load(), world.judge);
  }

  get held(): Held {
    return this.#subscription.held;
  }

  /** Whether the source has spoken on a connection that stands; else why the last one ended. */
  get connection(): { readonly connected: boolean; readonly lost: string | null } {
    return { connected: this.#heard, lost: this.#lostBecause };
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#cancel();
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close("stopped");
  }

  #connect(): void {
    const channel: Channel = this.#world.connect({
      opened: () => {
        channel.send(JSON.stringify(this.#subscription.hello()));
        this.#later(COMPARE_MS.every + this.#world.random() * COMPARE_MS.vary, () => this.#compare());
      },
      message: (text) => {
        if (this.#channel === channel) this.#message(channel, text);
      },
      drained: () => undefined,
      closed: (reason) => {
        if (this.#channel === channel) this.#lost(reason);
      },
    });
    this.#channel = channel;
  }

  #message(channel: Channel, text: string): void {
    this.#heard = true;
    this.#lostBecause = null;
    try {
      const { commit, reply, retryAfterMs } = this.#subscription.receive(readFromSource(text));
      if (commit) this.#keep(commit);
      if (reply) channel.send(JSON.stringify(reply));
      if (retryAfterMs !== undefined) this.#leave("asked to come again later", retryAfterMs);
    } catch (error) {
      this.#world.log.warn(`upstream: ${messageOf(error)}`);
      this.#leave(messageOf(error), this.#nextPause());
    }
  }

  #keep(commit: Commit): void {
    try {
      this.#world.store.commit(commit);
    } catch (error) {
      // What is on disk is what is held, whatever became of the attempt.
      this.#subscription = new Subscription(this.#world.store.load(), this.#world.judge);
      throw error;
    }
    this.#pause = PAUSE_MS.first;
    this.#world.committed(commit);
  }

  #compare(): void {
    const ask = this.#subscription.compare();
    if (ask) this.#channel?.send(JSON.stringify(ask));
    this.#later(COMPARE_MS.every + this.#world.random() * COMPARE_MS.vary, () => this.#compare());
  }

  #leave(reason: string, pauseMs: number): void {
    const channel = this.#channel;
    this.#ended(reason);
    channel?.close(reason);
    this.#later(pauseMs, () => this.#connect());
  }

  #lost(reason: string): void {
    this.#ended(reason);
    this.#world.log.info(`upstream: ${reason}`);
    this.#later(this.#nextPause(), () => this.#connect());
  }

  #ended(reason: string): void {
    this.#channel = undefined;
    this.#heard = false;
    this.#lostBecause = reason;
  }

  #nextPause(): number {
    const pause = this.#pause * this.#world.random();
    this.#pause = Math.min(PAUSE_MS.longest, 2 * this.#pause);
    return pause;
  }

  #later(ms: number, fn: () => void): void {
    this.#cancel();
    this.#cancel = this.#world.clock.after(ms, fn);
  }
}
