import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { Pauses } from "./pauses.ts";

export interface CallerWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Where to, for the log. */
  readonly to: string;
  connect(events: ChannelEvents): Channel;
  /** The channel is open; what happens on it goes there. */
  accept(channel: Channel): Omit<ChannelEvents, "opened">;
}

/** Goes to a receiver to tell it what there is, where a source usually waits for receivers to come; again and again. */
export class Caller {
  readonly #world: CallerWorld;
  readonly #pauses: Pauses;
  #channel: Channel | undefined;
  #heard = false;
  #lostBecause: string | null = null;
  #cancel: () => void = () => undefined;

  constructor(world: CallerWorld) {
    this.#world = world;
    this.#pauses = new Pauses(world.random);
  }

  /** Whether the receiver has spoken on a connection that stands; else why the last one ended. */
  get connection(): { readonly connected: boolean; readonly lost: string | null } {
    return { connected: this.#heard, lost: this.#lostBecause };
  }

  start(): void {
    let events: Omit<ChannelEvents, "opened"> | undefined;
    const channel = this.#world.connect({
      opened: () => {
        events = this.#world.accept(this.#noticing(channel));
      },
      message: (text) => {
        // The first is hello. Who says more has taken what it was told.
        if (this.#heard) this.#pauses.reset();
        this.#heard = true;
        this.#lostBecause = null;
        events?.message(text);
      },
      drained: () => events?.drained(),
      closed: (reason) => {
        events?.closed(reason);
        if (this.#channel === channel) this.#lost(reason);
      },
    });
    this.#channel = channel;
  }

  /** Goes to it anew, as with a new certificate. */
  again(): void {
    const before = this.#channel;
    if (!before) return;
    this.start();
    before.close("it comes again");
  }

  stop(): void {
    this.#cancel();
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close("stopped");
  }

  /** Who closes a channel is not told that it is closed. */
  #noticing(channel: Channel): Channel {
    return {
      send: (text) => channel.send(text),
      buffered: () => channel.buffered(),
      close: (reason) => {
        channel.close(reason);
        if (this.#channel === channel) this.#lost(reason);
      },
    };
  }

  #lost(reason: string): void {
    this.#channel = undefined;
    this.#heard = false;
    this.#lostBecause = reason;
    this.#world.log.info(`reports to ${this.#world.to}: ${reason}`);
    this.#cancel = this.#world.clock.after(this.#pauses.next(), () => this.start());
  }
}
