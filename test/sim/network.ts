import type { Clock } from "../../src/base/clock.ts";
import type { Channel, ChannelEvents } from "../../src/lcp/channel.ts";

/** Milliseconds, at random from nothing to these. */
const LATENCY_MS = 200;
const NOTICED_MS = { client: 5_000, server: 45_000 };

export type Accept = (channel: Channel) => Omit<ChannelEvents, "opened">;

/** What happens to what the two ends say, as chance has it. */
export interface Mischief {
  /** 0 to 1: a message from source or receiver that comes twice. */
  readonly twice: number;
  /** 0 to 1: a message that is lost, though the connection stays. No TCP does that; a bad relay might. */
  readonly lost: number;
}

/** Connections between nodes on a virtual clock: in order, each message some time under way, until they are cut. */
export class Network {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #open = new Map<string, Set<() => void>>();
  readonly #down = new Set<string>();
  mischief: Mischief = { twice: 0, lost: 0 };

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** No connection of this name can be made or lives on, until it is mended. */
  cut(name: string): void {
    this.#down.add(name);
    this.reset(name);
  }

  mend(name: string): void {
    this.#down.delete(name);
  }

  /** Ends the connections of this name, which both ends notice in their own time. */
  reset(name: string): void {
    for (const end of this.#open.get(name) ?? []) end();
    this.#open.delete(name);
  }

  connect(name: string, client: ChannelEvents, accept: Accept | undefined): Channel {
    if (this.#down.has(name) || !accept) {
      this.#clock.after(this.#random() * LATENCY_MS, () => client.closed("cannot be reached"));
      return { send: () => undefined, buffered: () => 0, close: () => undefined };
    }
    const wire = { alive: true };
    const openIn = this.#random() * LATENCY_MS;
    this.#clock.after(openIn, () => {
      if (wire.alive) client.opened();
    });
    const toServer = this.#pipe(wire, 0, (text) => server.message(text));
    const toClient = this.#pipe(wire, openIn, (text) => client.message(text));
    const closers = { client: once((r: string) => client.closed(r)), server: once((r: string) => server.closed(r)) };
    const end = () => {
      wire.alive = false;
      for (const side of ["client", "server"] as const)
        this.#clock.after(this.#random() * NOTICED_MS[side], () => closers[side]("connection lost"));
    };
    const channel = (pipe: Pick<Channel, "send" | "buffered">, mine: "client" | "server"): Channel => ({
      send: pipe.send,
      buffered: pipe.buffered,
      close: () => {
        closers[mine] = () => undefined;
        end();
      },
    });
    const server = accept(channel(toClient, "server"));
    const all = this.#open.get(name) ?? new Set();
    this.#open.set(name, all.add(end));
    return channel(toServer, "client");
  }

  /** @param openIn milliseconds before which nothing arrives */
  #pipe(wire: { alive: boolean }, openIn: number, deliver: (text: string) => void): Pick<Channel, "send" | "buffered"> {
    let lastAt = this.#clock.now() + openIn;
    let under = 0;
    const put = (text: string) => {
      lastAt = Math.max(lastAt, this.#clock.now() + this.#random() * LATENCY_MS);
      under += text.length;
      this.#clock.after(lastAt - this.#clock.now(), () => {
        under -= text.length;
        if (wire.alive) deliver(text);
      });
    };
    return {
      buffered: () => under,
      send: (text: string) => {
        if (!wire.alive || this.#random() < this.mischief.lost) return;
        put(text);
        if (this.#random() < this.mischief.twice) put(text);
      },
    };
  }
}

function once(fn: (reason: string) => void): (reason: string) => void {
  let done = false;
  return (reason) => {
    if (done) return;
    done = true;
    fn(reason);
  };
}
