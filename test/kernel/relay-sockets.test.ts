import { connect as tcpConnect } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { limitSnapshots } from "../../src/lcp/admission.ts";
import { type Credentials, connectTo } from "../../src/lcp/connect.edge.ts";
import { Follower, type HeldStore } from "../../src/lcp/follower.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { after, type Position, START } from "../../src/lcp/position.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { newRequest } from "../../src/lcp/request.ts";
import { idOf, type Resource, ResourceId } from "../../src/lcp/resource.ts";
import { type Serving, serve } from "../../src/lcp/serve.edge.ts";
import { type Commit, type Held, NOTHING_HELD } from "../../src/lcp/subscription.ts";
import { Authority, type AuthorityFiles, newAuthority } from "../../src/manager/authority.ts";
import { until } from "./namespace.ts";

const HOUR_MS = 3_600_000;
const gatewayA: Identity = { role: "gateway", id: "pcg-a" };
const vm: Identity = { role: "agent", id: "vm-1" };

let files: AuthorityFiles;
let others: AuthorityFiles;
beforeAll(async () => {
  files = await newAuthority("ours", Date.now());
  others = await newAuthority("others", Date.now());
});

async function credentials(identity: Identity, by = files, forMs = HOUR_MS): Promise<Credentials> {
  const { key, request } = await newRequest();
  const { pem } = await new Authority(by).issue(request, { identity, forMs }, Date.now());
  return { certificate: pem, key, authority: files.certificate };
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Everything is everybody's. */
const references = { needs: () => [], partOf: () => [], homes: () => ["vm-1"] };

interface Gateway extends Serving {
  tell(upserts: readonly Pick<Resource, "type" | "key" | "body">[], deletes?: readonly ResourceId[]): void;
}

async function gateway(more: Partial<Parameters<typeof serve>[1]> = {}, limits?: object): Promise<Gateway> {
  const table = new Map<ResourceId, Resource>();
  let at: Position = START;
  const upstream = { held: (): Held => ({ instance: "ccp", at, resources: table }), behind: () => undefined };
  const relay = new RelayServer(
    new Relay(upstream, references, limitSnapshots(systemClock, Math.random)),
    systemClock,
    log,
  );
  undo.push(() => relay.stop());
  const serving = await serve(
    { host: "127.0.0.1", port: 0, as: await credentials(gatewayA), role: "agent", ...limits },
    { clock: systemClock, log, accept: (receiver, channel) => relay.accept(receiver, channel), ...more },
  );
  undo.push(() => serving.close());
  return {
    ...serving,
    tell(bodies, deletes = []) {
      at = after(at);
      const upserts = bodies.map((one): Resource => ({ ...one, version: at }));
      for (const resource of upserts) table.set(idOf(resource), resource);
      for (const id of deletes) table.delete(id);
      relay.committed({ instance: "ccp", at, upserts, deletes });
    },
  };
}

class Memory implements HeldStore {
  readonly commits: Commit[] = [];
  load = () => NOTHING_HELD;
  commit = (commit: Commit) => void this.commits.push(commit);
}

/** An agent that follows the gateway; what ended its sessions is kept. */
async function agent(port: number, as: Credentials, is = gatewayA) {
  const ended: string[] = [];
  const world = {
    ...{ clock: systemClock, random: () => 0.01, log, store: new Memory(), judge: () => undefined },
    connect: (events: Parameters<ReturnType<typeof connectTo>>[0]) =>
      connectTo(
        { host: "127.0.0.1", port, is },
        as,
        systemClock,
      )({
        ...events,
        closed: (reason) => {
          ended.push(reason);
          events.closed(reason);
        },
      }),
    committed: () => undefined,
  };
  const follower = new Follower(world);
  follower.start();
  undo.push(() => follower.stop());
  return { follower, ended, keys: () => [...follower.held.resources.keys()].toSorted() };
}

test("over TLS an agent gets what there is, then what changes, and again after the gateway was away", async () => {
  const first = await gateway();
  first.tell([{ type: "port", key: "1", body: { ip: "10.0.0.1" } }]);
  const { follower, keys } = await agent(first.port, await credentials(vm));
  await until("the snapshot is there", () => `${keys()}` === "port/1");
  first.tell([{ type: "port", key: "2", body: {} }], [ResourceId("port", "1")]);
  await until("the change is there", () => `${keys()}` === "port/2");
  expect(follower.held).toMatchObject({ instance: "ccp", at: 2 });
});

test("ten thousand resources arrive, in parts", async () => {
  const { tell, port } = await gateway();
  tell(Array.from({ length: 10_000 }, (_, n) => ({ type: "port", key: `${n}`, body: { text: "x".repeat(200) } })));
  const { keys } = await agent(port, await credentials(vm));
  await until("all of them are there", () => keys().length === 10_000);
});

test.each<{ what: string; as: () => Promise<Credentials>; reason: string }>([
  { what: "of another authority", as: () => credentials(vm, others), reason: "certificate or handshake" },
  { what: "that is over", as: () => credentials(vm, files, -1_000), reason: "certificate or handshake" },
  { what: "of another role", as: () => credentials({ role: "gateway", id: "pcg-b" }), reason: "identity" },
])("a certificate $what gets nobody in", async ({ as, reason }) => {
  const { port, refused } = await gateway();
  const { ended } = await agent(port, await as());
  await until("it is turned away", () => ended.length > 0);
  expect(refused.get(reason)).toBeGreaterThan(0);
});

test("a certificate that was revoked gets nobody in", async () => {
  const { port, refused } = await gateway({ isRefused: ({ id }) => id === "vm-1" });
  const { ended } = await agent(port, await credentials(vm));
  await until("it is turned away", () => ended.length > 0);
  expect(refused.get("revoked")).toBeGreaterThan(0);
});

test("an agent believes no gateway but its own", async () => {
  const { port } = await gateway();
  const { ended, keys } = await agent(port, await credentials(vm), { role: "gateway", id: "pcg-b" });
  await until("it left", () => ended[0]?.includes("spiffe://pcg/gateway/pcg-a"));
  expect(keys()).toEqual([]);
});

test("half-open connections beyond the rate are turned away, and agents get in afterwards", async () => {
  const { port, refused, tell } = await gateway({}, { limits: { connections: 1_000, handshakesPerSecond: 20 } });
  tell([{ type: "port", key: "1", body: {} }]);
  const flood = Array.from({ length: 200 }, () => tcpConnect(port, "127.0.0.1").on("error", () => undefined));
  undo.push(() => flood.forEach((socket) => void socket.destroy()));
  await until("the flood is refused", () => (refused.get("too fast") ?? 0) > 150);
  const { keys } = await agent(port, await credentials(vm));
  await until("the agent is served", () => `${keys()}` === "port/1");
});
