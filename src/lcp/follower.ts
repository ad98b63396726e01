import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { Attempts } from "./attempts.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { readFromSource } from "./protocol.ts";
import { type Commit, type Held, Subscription, type SubscriptionOptions } from "./subscription.ts";

/** Where what is held outlives the process. */
export interface HeldStore {
  load(): Held;
  /** Durable when it returns, whole or not at all. @throws where it cannot be */
  commit(commit: Commit): void;
}

export interface FollowerWorld extends SubscriptionOptions {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  /** The longest pause before it tries again. */
  readonly longestPauseMs?: number;
  readonly log: Log;
  readonly store: HeldStore;
  /**
   * Goes to the source. Left out: it comes by itself ({@link Follower.accept}).
   *
   * @param where it can be reached, as somebody has found just now ({@link Follower.hurry})
   */
  connect?(events: ChannelEvents, where?: string): Channel;
  /** The host of the source on the connection that stands, for the log. */
  host?(): string | undefined;
  /** It has spoken on a new connection. */
  reached?(): void;
  /** What is held has changed by this, and is durable. */
  committed(commit: Commit): void;
}

/** How often the source is asked to compare, and how much it varies. */
const COMPARE_MS = { every: 600_000, vary: 60_000 } as const;

/** Keeps what is held at what a source says, as well as the source can be reached. */
export class Follower {
  readonly #world: FollowerWorld;
  readonly #attempts: Attempts;
  #subscription: Subscription;
  #channel: Channel | undefined;
  /** What is to take the place of {@link #channel} as soon as it is open. */
  #next: Channel | undefined;
  #heard = false;
  #lostBecause: string | null = null;
  /** When the source that had spoken was lost. */
  #lostAt: number | undefined;
  #cancel: () => void = () => undefined;

  constructor(world: FollowerWorld) {
    this.#world = world;
    const { clock, random, longestPauseMs } = world;
    this.#attempts = new Attempts({ clock, random, longestPauseMs, attempt: (where) => this.#connect(where) });
    this.#subscription = new Subscription(world.store.load(), world);
  }

  get held(): Held {
    return this.#subscription.held;
  }

  /** Whether a source has compared, in this process, what is held with what there is. */
  get compared(): boolean {
    return this.#subscription.compared;
  }

  /** What was told and cannot be used. */
  get refused(): Subscription["refused"] {
    return this.#subscription.refused;
  }

  /** Whether the source has spoken on a connection that stands; else why the last one ended. */
  get connection(): { readonly connected: boolean; readonly lost: string | null } {
    return { connected: this.#heard, lost: this.#lostBecause };
  }

  start(): void {
    this.#attempts.start();
  }

  stop(): void {
    this.#cancel();
    this.#attempts.stop();
    const channels = [this.#channel, this.#next];
    this.#channel = undefined;
    this.#next = undefined;
    for (const channel of channels) channel?.close("stopped");
  }

  /** A source can be reached there, so that there is no reason to wait any longer. */
  hurry(where: string): void {
    this.#attempts.hurry(where);
  }

  /** Goes to the source anew, as with a new certificate; what stands is let go when the new connection is there. */
  again(): void {
    if (this.#channel || this.#next) this.#goAnew();
    else this.#attempts.now();
  }

  #goAnew(): void {
    const stale = this.#next;
    this.#next = undefined;
    stale?.close("there is a newer certificate");
    const next: Channel | undefined = this.#world.connect?.({
      ...this.#eventsOf(() => next),
      opened: () => next && this.#replace(next),
      closed: (reason) => {
        const waiting = this.#next === next;
        if (waiting) this.#next = undefined;
        if (this.#channel === next || (waiting && !this.#channel)) this.#lost(reason);
      },
    });
    this.#next = next;
  }

  #replace(next: Channel): void {
    if (this.#next !== next) return;
    const before = this.#channel;
    this.#next = undefined;
    this.#channel = next;
    before?.close("it has come again");
    this.#opened(next);
  }

  /** The source has come, on this channel. One that it came on before is over. */
  accept(channel: Channel): Omit<ChannelEvents, "opened"> {
    this.#channel?.close("the same node has come again");
    this.#heard = false;
    this.#channel = channel;
    this.#opened(channel);
    return this.#eventsOf(() => channel);
  }

  #connect(where: string | undefined): void {
    const channel: Channel | undefined = this.#world.connect?.(
      {
        opened: () => channel && this.#opened(channel),
        ...this.#eventsOf(() => channel),
      },
      where,
    );
    this.#channel = channel;
  }

  #opened(channel: Channel): void {
    this.#attempts.stands();
    channel.send(JSON.stringify(this.#subscription.hello()));
    this.#compareLater();
  }

  #eventsOf(channel: () => Channel | undefined): Omit<ChannelEvents, "opened"> {
    const current = () => (this.#channel === channel() ? this.#channel : undefined);
    return {
      message: (text) => {
        const here = current();
        if (here) this.#message(here, text);
      },
      drained: () => undefined,
      closed: (reason) => {
        if (!current()) return;
        // The source lets one go when it sees the next, perhaps before that is open here.
        if (this.#next) this.#channel = undefined;
        else this.#lost(reason);
      },
    };
  }

  #message(channel: Channel, text: string): void {
    const reached = !this.#heard;
    this.#heard = true;
    this.#lostBecause = null;
    if (reached) this.#reached();
    try {
      const { commit, reply, retryAfterMs } = this.#subscription.receive(readFromSource(text));
      if (commit) this.#keep(commit);
      if (reply) channel.send(JSON.stringify(reply));
      if (retryAfterMs !== undefined) this.#leave("asked to come again later", retryAfterMs);
    } catch (error) {
      this.#world.log.warn(`upstream: ${messageOf(error)}`);
      this.#leave(messageOf(error));
    }
  }

  #reached(): void {
    const { clock, log, reached } = this.#world;
    if (this.#lostAt !== undefined) {
      const awaySeconds = Math.round((clock.now() - this.#lostAt) / 1_000);
      log.info("upstream is back", { ...this.#host(), awaySeconds });
    }
    this.#lostAt = undefined;
    reached?.();
  }

  #host(): { readonly host?: string } {
    const host = this.#world.host?.();
    return host === undefined ? {} : { host };
  }

  #keep(commit: Commit): void {
    try {
      this.#world.store.commit(commit);
    } catch (error) {
      // What is on disk is what is held, whatever became of the attempt.
      this.#subscription = new Subscription(this.#world.store.load(), this.#world);
      throw error;
    }
    this.#attempts.wentWell();
    this.#world.committed(commit);
  }

  #compare(): void {
    const ask = this.#subscription.compare();
    if (ask) this.#channel?.send(JSON.stringify(ask));
    this.#compareLater();
  }

  #compareLater(): void {
    this.#cancel();
    const ms = COMPARE_MS.every + this.#world.random() * COMPARE_MS.vary;
    this.#cancel = this.#world.clock.after(ms, () => this.#compare());
  }

  /** @param pauseMs what the source has asked for; left out: it has not */
  #leave(reason: string, pauseMs?: number): void {
    const channel = this.#channel;
    this.#ended(reason);
    channel?.close(reason);
    if (pauseMs === undefined) this.#attempts.failed();
    else this.#attempts.sentAway(pauseMs);
  }

  /** That one is lost which had spoken is worth a warning; that it cannot be reached yet is said again and again. */
  #lost(reason: string): void {
    const { clock, log } = this.#world;
    if (this.#heard) {
      this.#lostAt = clock.now();
      log.warn(`upstream is lost: ${reason}`, this.#host());
    } else log.info(`upstream: ${reason}`, this.#host());
    this.#ended(reason);
    this.#attempts.failed();
  }

  #ended(reason: string): void {
    this.#cancel();
    this.#channel = undefined;
    this.#heard = false;
    this.#lostBecause = reason;
  }
}
