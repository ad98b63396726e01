import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { formatIpv4 } from "../net/ipv4.ts";
import { type Answer, GATEWAY, lan, MemoryStore, macOf } from "./lan.testing.ts";

const LEASE_MS = 60_000;
const DECLINE_MS = 120_000;

/** What a client believes. */
interface Believer {
  readonly id: number;
  readonly clientId: string | undefined;
  offered: string | undefined;
  has: { ip: string; until: number } | undefined;
}

const aStep = fc.record({
  who: fc.nat(4),
  does: fc.constantFrom("discover", "select", "reboot", "renew", "rebind", "release", "decline", "steal", "forget"),
  then: fc.oneof({ weight: 4, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(90_000) }),
});
/** Now and then the process dies, with what was not durable, and starts again. */
const aHistory = fc.record({
  steps: fc.array(aStep, { maxLength: 60, size: "max" }),
  dies: fc.uniqueArray(fc.nat(59), { maxLength: 3 }),
});

/** Four addresses, five clients (two of them with the same identifier), and whatever they do. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new VirtualClock();
  readonly rests = new Map<string, number>();
  readonly clients: Believer[] = [undefined, "0101", "0202", "0202", "0303"].map((clientId, id) => ({
    id,
    clientId,
    offered: undefined,
    has: undefined,
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

  async act(client: Believer, does: string): Promise<void> {
    const says = { mac: macOf(client.id), ...(client.clientId !== undefined && { clientId: client.clientId }) };
    const { send } = this.server;
    const has = this.holds(client);
    const other = this.clients.map((c) => this.holds(c)).find((ip) => ip !== undefined && ip !== has);
    switch (does) {
      case "discover":
        client.offered = (await send("DISCOVER", says))?.yiaddr;
        return;
      case "select":
        if (client.offered === undefined) return;
        return this.heard(client, await send("REQUEST", { ...says, requested: client.offered, serverId: GATEWAY }));
      case "reboot":
        if (client.has) return this.heard(client, await send("REQUEST", { ...says, requested: client.has.ip }));
        return;
      case "renew":
        if (has) return this.heard(client, await send("REQUEST", { ...says, ciaddr: has, to: GATEWAY }));
        return;
      case "rebind":
        if (has) return this.heard(client, await send("REQUEST", { ...says, ciaddr: has }));
        return;
      case "release":
        if (has) await send("RELEASE", { ...says, ciaddr: has, serverId: GATEWAY, to: GATEWAY });
        client.has = undefined;
        return;
      case "decline":
        if (!has) return;
        await send("DECLINE", { ...says, requested: has, serverId: GATEWAY });
        client.has = undefined;
        this.rests.set(has, this.clock.wall() + DECLINE_MS);
        return;
      case "steal":
        if (!other) return;
        return this.heard(client, await send("REQUEST", { ...says, requested: other, serverId: GATEWAY }));
      default:
        client.has = undefined;
    }
  }

  heard(client: Believer, answer: Answer | undefined): void {
    if (answer?.type === "NAK") client.has = undefined;
    if (answer?.type !== "ACK") return;
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

test("DhcpService gives no address to two clients, whatever they do and whenever it dies", async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(aHistory, async ({ steps, dies }) => {
      const world = new World();
      for (const [n, { who, does, then }] of steps.entries()) {
        if (dies.includes(n)) world.restart();
        await world.act(world.client(who), does);
        world.clock.advance(then);
      }
      acknowledged += world.server.service.counters.sent.ACK;
      // When all is over, every address comes back.
      world.clock.advance(LEASE_MS + DECLINE_MS + 2_000);
      expect(world.server.service.usage()).toEqual([{ segment: "web", size: 4, free: 4, offered: 0 }]);
      world.server.service.close();
    }),
    { numRuns: 500 },
  );
  expect(acknowledged).toBeGreaterThan(500);
});
