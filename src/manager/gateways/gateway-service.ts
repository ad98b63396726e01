import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { limitSnapshots } from "../../lcp/admission.ts";
import type { Channel, ChannelEvents } from "../../lcp/channel.ts";
import type { Publication } from "../../lcp/publication.ts";
import { RelayServer } from "../../lcp/relay-server.ts";
import { WholeTable } from "../../lcp/whole-table.ts";
import type { Book } from "../state/book.ts";
import type { Compiling } from "../state/runtime.ts";
import type { Turn } from "../state/turn.ts";

export interface GatewayServiceWorld {
  readonly book: Book<Compiling>;
  /** The same for all managers over one store. */
  readonly instance: string;
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly log: Log;
  /** The Tier-0 whose gateway this is; undefined: nobody has said. */
  tier0Of(gateway: string): string | undefined;
}

/** Tells every gateway the runtime state of its Tier-0. */
export class GatewayService {
  readonly #world: GatewayServiceWorld;
  readonly #servers = new Map<string, RelayServer>();
  /** Gateways that are here, by the Tier-0 they were told of. */
  readonly #here = new Map<string, { readonly tier0: string; readonly channel: Channel }>();
  readonly #stop: () => void;

  constructor(world: GatewayServiceWorld) {
    this.#world = world;
    this.#stop = world.book.read((turn) => this.#turned(turn));
  }

  /** @param gateway as its certificate names it */
  accept(gateway: string, channel: Channel): Omit<ChannelEvents, "opened"> {
    const tier0 = this.#world.tier0Of(gateway);
    if (tier0 === undefined) {
      this.#world.log.warn("a gateway that belongs to no Tier-0", { gateway, hint: `PUT /infra/gateways/${gateway}` });
      channel.close(`no Tier-0 has this gateway: PUT /infra/gateways/${gateway}`);
      return { message: () => undefined, drained: () => undefined, closed: () => undefined };
    }
    this.#here.set(gateway, { tier0, channel });
    const events = this.#serverOf(tier0).accept(gateway, channel);
    return {
      ...events,
      closed: (reason) => {
        if (this.#here.get(gateway)?.channel === channel) this.#here.delete(gateway);
        events.closed(reason);
      },
    };
  }

  /** The sessions of gateways that are connected here. */
  *sessions(): Iterable<{ readonly gateway: string; readonly tier0: string; readonly publication: Publication }> {
    for (const [tier0, server] of this.#servers)
      for (const { receiver, publication } of server.receivers()) yield { gateway: receiver, tier0, publication };
  }

  stop(): void {
    this.#stop();
    for (const server of this.#servers.values()) server.stop();
  }

  #serverOf(tier0: string): RelayServer {
    const known = this.#servers.get(tier0);
    if (known) return known;
    const { book, instance, clock, random, log } = this.#world;
    const upstream = {
      held: () => ({ instance, at: book.at, resources: book.runtime.of(tier0) }),
      behind: book.behind.bind(book),
    };
    const server = new RelayServer(new WholeTable(upstream, limitSnapshots(clock, random)), clock, log);
    this.#servers.set(tier0, server);
    return server;
  }

  #turned({ at, runtime }: Turn): void {
    const { instance } = this.#world;
    for (const [tier0, server] of this.#servers) {
      const delta = runtime.find((one) => one.tier0 === tier0);
      server.committed({ instance, at, upserts: delta?.upserts ?? [], deletes: delta?.deletes ?? [] });
    }
    for (const [gateway, { tier0, channel }] of [...this.#here])
      if (this.#world.tier0Of(gateway) !== tier0) channel.close("it belongs to another Tier-0 now");
  }
}
