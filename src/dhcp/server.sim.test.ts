import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { formatIpv4 } from "../net/ipv4.ts";
import { type Answer, GATEWAY, lan, MemoryStore, macOf, type Says } from "./lan.testing.ts";

const LEASE_MS = 60_000;
const DECLINE_MS = 120_000;

/** What a client believes. */
interface Believer {
  readonly id: number;
  readonly clientId: string | undefined;
  offered: string | undefined;
  has: { ip: string; until: number } | undefined;
  /** What it declined last. */
  declined: string | undefined;
}

type Doing = (world: World, client: Believer, says: Says) => Promise<void>;

/** Something done with the address the client has, if it has one. */
const withOwn =
  (run: (world: World, client: Believer, says: Says, ip: string) => Promise<void>): Doing =>
  async (world, client, says) => {
    const ip = world.holds(client);
    if (ip !== undefined) await run(world, client, says, ip);
  };

const deeds = {
  discover: async (world, client, says) => {
    client.offered = (await world.server.send("DISCOVER", says))?.yiaddr;
  },
  select: async (world, client, says) => {
    if (client.offered !== undefined)
      await world.request(client, { ...says, requested: client.offered, serverId: GATEWAY });
  },
  join: async (world, client, says) => {
    await deeds.discover(world, client, says);
    await deeds.select(world, client, says);
  },
  /** The process dies between a REQUEST and the lease's being durable: no answer, and the client believes nothing. */
  die: async (world, client, says) => {
    world.store.isPrompt = false;
    const requested = client.offered ?? "192.168.100.10";
    void world.server.send("REQUEST", { ...says, requested, serverId: GATEWAY });
    world.restart();
    world.store.isPrompt = true;
  },
  reboot: async (world, client, says) => {
    if (client.has) await world.request(client, { ...says, requested: client.has.ip });
  },
  renew: withOwn((world, client, says, ip) => world.request(client, { ...says, ciaddr: ip, to: GATEWAY })),
  rebind: withOwn((world, client, says, ip) => world.request(client, { ...says, ciaddr: ip })),
  release: withOwn(async (world, client, says, ip) => {
    await world.server.send("RELEASE", { ...says, ciaddr: ip, serverId: GATEWAY, to: GATEWAY });
    client.has = undefined;
  }),
  decline: withOwn(async (world, client, says, ip) => {
    await world.server.send("DECLINE", { ...says, requested: ip, serverId: GATEWAY });
    client.has = undefined;
    // A port keeps one address from others: what it declined before rests no more.
    if (client.declined !== undefined) world.rests.delete(client.declined);
    client.declined = ip;
    world.rests.set(ip, world.clock.wall() + DECLINE_MS);
  }),
  steal: async (world, client, says) => {
    const requested = world.anothers(client);
    if (requested !== undefined) await world.request(client, { ...says, requested, serverId: GATEWAY });
  },
  forget: async (_world, client) => {
    client.has = undefined;
  },
} satisfies Record<string, Doing>;
type Deed = keyof typeof deeds;

/** Four addresses, five clients (two of them with the same identifier), and whatever they do. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new VirtualClock();
  readonly rests = new Map<string, number>();
  acknowledged = 0;
  readonly clients: Believer[] = [undefined, "0101", "0202", "0202", "0303"].map((clientId, id) => ({
    id,
    clientId,
    offered: undefined,
    has: undefined,
    declined: undefined,
  }));
  server = this.start();

  start() {
    const ranges = [{ first: "192.168.100.10", last: "192.168.100.13" }];
    const server = { ranges, leaseSeconds: LEASE_MS / 1000, declineSeconds: DECLINE_MS / 1000 };
    return lan({ store: this.store, clock: this.clock, server });
  }

  restart() {
    this.server.service.close();
    this.store.lose();
    this.server = this.start();
  }

  client(n: number): Believer {
    const client = this.clients[n];
    if (!client) throw new Error("no such client");
    return client;
  }

  holds(client: Believer): string | undefined {
    return client.has && client.has.until > this.clock.wall() ? client.has.ip : undefined;
  }

  /** Who believes to have an address, by their own reckoning of time. */
  holders(ip: string): number {
    return this.clients.filter((client) => this.holds(client) === ip).length;
  }

  async act(client: Believer, does: Deed): Promise<void> {
    const says = { mac: macOf(client.id), ...(client.clientId !== undefined && { clientId: client.clientId }) };
    await deeds[does](this, client, says);
  }

  /** An address that another client has. */
  anothers(client: Believer): string | undefined {
    const own = this.holds(client);
    return this.clients.map((c) => this.holds(c)).find((ip) => ip !== undefined && ip !== own);
  }

  async request(client: Believer, says: Says): Promise<void> {
    this.heard(client, await this.server.send("REQUEST", says));
  }

  heard(client: Believer, answer: Answer | undefined): void {
    if (answer?.type === "NAK") client.has = undefined;
    if (answer?.type !== "ACK") return;
    this.acknowledged++;
    const now = this.clock.wall();
    client.has = { ip: answer.yiaddr, until: now + LEASE_MS };
    const durable = [...this.store.durable.values()].find(({ ip }) => formatIpv4(ip) === answer.yiaddr);
    expect(durable, "every ACK is durable").toMatchObject({
      mac: macOf(client.id),
      state: "bound",
      expires: now + LEASE_MS,
    });
    expect(this.rests.get(answer.yiaddr) ?? 0, "a declined address rests").toBeLessThanOrEqual(now);
    expect(this.holders(answer.yiaddr), "an address has one holder").toBe(1);
  }
}

const aStep = fc.record({
  who: fc.nat(4),
  does: fc.constantFrom(...(Object.keys(deeds) as Deed[])),
  waits: fc.oneof({ weight: 4, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(90_000) }),
});
const aHistory = fc.array(aStep, { minLength: 10, maxLength: 60, size: "max" });

test("DhcpService gives no address to two clients, whatever they do and whenever it dies", async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(aHistory, async (steps) => {
      const world = new World();
      for (const { who, does, waits } of steps) {
        await world.act(world.client(who), does);
        world.clock.advance(waits);
      }
      acknowledged += world.acknowledged;
      // When all is over, every address comes back.
      world.clock.advance(LEASE_MS + DECLINE_MS + 2_000);
      expect(world.server.service.usage()).toEqual([{ segment: "web", size: 4, free: 4, offered: 0 }]);
      world.server.service.close();
    }),
    { numRuns: 500 },
  );
  expect(acknowledged).toBeGreaterThan(2_000);
}, 60_000);
