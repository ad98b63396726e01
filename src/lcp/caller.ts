import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Attempts } from "./attempts.ts";
import type { Channel, ChannelEvents } from "./channel.ts";

export interface CallerWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  /** The longest pause before it tries again. */
  readonly longestPauseMs?: number;
  readonly log: Log;
  /** Where to. */
  readonly to: string;
  connect(events: ChannelEvents): Channel;
  /** The channel is open; what happens on it goes there. */
  accept(channel: Channel): Omit<ChannelEvents, "opened">;
  /** The receiver has spoken on a new connection. */
  reached?(): void;
}

/** Goes to a receiver to tell it what there is, where a source usually waits for receivers to come; again and again. */
export class Caller {
  readonly #world: CallerWorld;
  readonly #attempts: Attempts;
  #channel: Channel | undefined;
  /** What is to take the place of {@link #channel} as soon as it is open. */
  #next: Channel | undefined;
  #heard = false;
  #lostBecause: string | null = null;

  constructor(world: CallerWorld) {
    this.#world = world;
    const attempt = () => {
      this.#channel = this.#call();
    };
    const { clock, random, longestPauseMs } = world;
    this.#attempts = new Attempts({ clock, random, longestPauseMs, attempt });
  }

  /** Whether the receiver has spoken on a connection that stands; else why the last one ended. */
  get connection(): { readonly connected: boolean; readonly lost: string | null } {
    return { connected: this.#heard, lost: this.#lostBecause };
  }

  start(): void {
    this.#attempts.start();
  }

  /** The receiver can be reached, so that there is no reason to wait any longer. */
  hurry(): void {
    this.#attempts.hurry(this.#world.to);
  }

  /** Goes there anew, as with a new certificate; what stands is let go when the new connection is there. */
  again(): void {
    if (this.#channel || this.#next) this.#goAnew();
    else this.#attempts.now();
  }

  #goAnew(): void {
    const stale = this.#next;
    this.#next = undefined;
    stale?.close("there is a newer certificate");
    this.#next = this.#call();
  }

  stop(): void {
    this.#attempts.stop();
    const channels = [this.#channel, this.#next];
    this.#channel = undefined;
    this.#next = undefined;
    for (const channel of channels) channel?.close("stopped");
  }

  #call(): Channel {
    let events: Omit<ChannelEvents, "opened"> | undefined;
    const channel = this.#world.connect({
      opened: () => {
        if (this.#next === channel) {
          this.#channel = channel;
          this.#next = undefined;
        }
        // The one before may have been under way still when the next one came.
        if (this.#channel !== channel) return channel.close("a newer one is there");
        this.#attempts.stands();
        // Whoever takes it lets the one before go.
        events = this.#world.accept(this.#noticing(channel));
      },
      message: (text) => {
        // The first is hello. Who says more has taken what it was told.
        if (this.#heard) this.#attempts.wentWell();
        const reached = !this.#heard;
        this.#heard = true;
        this.#lostBecause = null;
        if (reached) this.#world.reached?.();
        events?.message(text);
      },
      drained: () => events?.drained(),
      closed: (reason) => {
        events?.closed(reason);
        this.#closed(channel, reason);
      },
    });
    return channel;
  }

  #closed(channel: Channel, reason: string): void {
    if (this.#next === channel) {
      this.#next = undefined;
      if (!this.#channel) this.#lost(reason);
    } else if (this.#channel === channel) {
      if (this.#next) this.#channel = undefined;
      else this.#lost(reason);
    }
  }

  /** Who closes a channel is not told that it is closed. */
  #noticing(channel: Channel): Channel {
    return {
      send: (text) => channel.send(text),
      buffered: () => channel.buffered(),
      close: (reason) => {
        channel.close(reason);
        this.#closed(channel, reason);
      },
    };
  }

  #lost(reason: string): void {
    this.#channel = undefined;
    this.#heard = false;
    this.#lostBecause = reason;
    this.#world.log.info(`reports to ${this.#world.to}: ${reason}`);
    this.#attempts.failed();
  }
}
