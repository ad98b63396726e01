import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as tcpConnect } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { limitSnapshots } from "../../src/lcp/admission.ts";
import type { Channel } from "../../src/lcp/channel.ts";
import { type Credentials, connectTo } from "../../src/lcp/connect.edge.ts";
import { Follower, type HeldStore } from "../../src/lcp/follower.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { after, type Position, START } from "../../src/lcp/position.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { newRequest } from "../../src/lcp/request.ts";
import { idOf, type Resource, ResourceId } from "../../src/lcp/resource.ts";
import { type Serving, serve } from "../../src/lcp/serve.edge.ts";
import type { References } from "../../src/lcp/span.ts";
import { type Commit, type Held, NOTHING_HELD } from "../../src/lcp/subscription.ts";
import { Authority, type AuthorityFiles, newAuthority } from "../../src/manager/enrol/authority.ts";
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
const references = { needs: () => [], partOf: () => [], leads: () => [], homes: () => ["vm-1", "enemy"] };

interface Gateway extends Serving {
  /** Bytes that the nodes have not taken yet, of all together. */
  buffered(): number;
  /** Nodes that are served. */
  sessions(): number;
  tell(upserts: readonly Pick<Resource, "type" | "key" | "body">[], deletes?: readonly ResourceId[]): void;
}

async function gateway(
  more: Partial<Parameters<typeof serve>[1]> = {},
  limits?: object,
  concern: References = references,
): Promise<Gateway> {
  const table = new Map<ResourceId, Resource>();
  let at: Position = START;
  const upstream = { held: (): Held => ({ instance: "ccp", at, resources: table }), behind: () => undefined };
  const relay = new RelayServer(
    new Relay(upstream, concern, limitSnapshots(systemClock, Math.random)),
    systemClock,
    log,
  );
  undo.push(() => relay.stop());
  const channels: Channel[] = [];
  const accept = (receiver: string, channel: Channel) => {
    channels.push(channel);
    return relay.accept(receiver, channel);
  };
  const serving = await serve(
    { host: "127.0.0.1", port: 0, as: await credentials(gatewayA), role: "agent", ...limits },
    { clock: systemClock, log, accept, ...more },
  );
  undo.push(() => serving.close());
  return {
    ...serving,
    sessions: () => [...relay.receivers()].length,
    buffered: () => channels.reduce((sum, channel) => sum + channel.buffered(), 0),
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
async function agent(port: number, as: Credentials, is = gatewayA, path = "/") {
  const ended: string[] = [];
  const world = {
    ...{ clock: systemClock, random: () => 0.01, log, store: new Memory(), judge: () => undefined },
    connect: (events: Parameters<ReturnType<typeof connectTo>>[0]) =>
      connectTo(
        { host: "127.0.0.1", port, is, path },
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

test.each(["/reports", "/other", "//"])("a path for which there is nobody is turned away: %s", async (path) => {
  const { port, refused } = await gateway();
  const { ended } = await agent(port, await credentials(vm), gatewayA, path);
  await until("it is turned away", () => ended[0]?.includes("404"));
  expect(refused.get("path")).toBeGreaterThan(0);
});

test("an agent believes no gateway but its own", async () => {
  const { port } = await gateway();
  const { ended, keys } = await agent(port, await credentials(vm), { role: "gateway", id: "pcg-b" });
  await until("it left", () => ended[0]?.includes("spiffe://pcg/gateway/pcg-a"));
  expect(keys()).toEqual([]);
});

test("agents get in past 2,000 connections of eleven sources that send nothing, or half a greeting, and stay", async () => {
  const limits = { connections: 1_000, handshakes: { perSecond: 200, burst: 200 }, silentMs: 600_000 };
  const { port, refused, tell } = await gateway({}, { limits });
  tell([{ type: "port", key: "1", body: {} }]);
  const half = Buffer.from("16030100c8010000", "hex");
  const flood = Array.from({ length: 2_000 }, (_, n) => {
    const socket = tcpConnect({ port, host: "127.0.0.1", localAddress: `127.0.7.${1 + (n % 11)}` });
    if (n % 4 === 0) socket.once("connect", () => void socket.write(half));
    return socket.on("error", () => undefined);
  });
  undo.push(() => flood.forEach((socket) => void socket.destroy()));
  await until("the door is full", () => (refused.get("made room") ?? 0) + (refused.get("too fast") ?? 0) >= 1_000);
  const { keys } = await agent(port, await credentials(vm));
  await until("the agent is served", () => `${keys()}` === "port/1");
});

/** A connection with a good certificate, on which a test says what it likes. */
async function enemy(port: number, id = "enemy"): Promise<{ socket: WebSocket; closed: Promise<string> }> {
  const { certificate: cert, key, authority: ca } = await credentials({ role: "agent", id });
  const socket = new WebSocket(`wss://127.0.0.1:${port}/`, {
    cert,
    key,
    ca,
    checkServerIdentity: () => undefined as never,
  });
  undo.push(() => socket.terminate());
  const closed = new Promise<string>((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => resolve(`${code} ${reason}`));
  });
  await once(socket, "open");
  return { socket, closed };
}

const hello = { kind: "hello", protocol: 1, instance: null, at: 0, digest: Buffer.alloc(512).toString("base64") };

test.each<{ what: string; says: readonly (string | Buffer)[]; ends: string }>([
  { what: "nonsense", says: ["nonsense"], ends: "1008 LCP_BAD_MESSAGE" },
  { what: "bytes that are no text", says: [Buffer.from([0xff, 0, 1])], ends: "1008 a message is not text" },
  { what: "brackets within brackets", says: ["[".repeat(200_000)], ends: "1008 LCP_BAD_MESSAGE" },
  {
    what: "objects within objects",
    says: [`${'{"a":'.repeat(30_000)}1${"}".repeat(30_000)}`],
    ends: "1008 LCP_BAD_MESSAGE",
  },
  { what: "more than a message may be", says: ["x".repeat(300_000)], ends: "1009" },
  { what: "hello twice", says: [JSON.stringify(hello), JSON.stringify(hello)], ends: "1008 LCP_BAD_MESSAGE" },
  { what: "what only a source says", says: ['{"kind":"current","instance":"x","at":1}'], ends: "1008 LCP_BAD_MESSAGE" },
])("a node that says $what is let go with the reason, and others are served", async ({ says, ends }) => {
  const { port, tell } = await gateway();
  tell([{ type: "port", key: "1", body: {} }]);
  const { socket, closed } = await enemy(port);
  for (const text of says) socket.send(text);
  expect(await closed).toContain(ends);
  const { keys } = await agent(port, await credentials(vm));
  await until("the other is served", () => `${keys()}` === "port/1");
});

test("nodes that stop reading cost no more than a message each", async () => {
  const { port, tell, buffered } = await gateway();
  const text = "x".repeat(1_000);
  tell(Array.from({ length: 5_000 }, (_, n) => ({ type: "port", key: `${n}`, body: { text } })));
  const { socket } = await enemy(port);
  socket.pause();
  socket.send(JSON.stringify(hello));
  await until("it is sent what it does not read", () => buffered() > 100_000);
  for (let n = 0; n < 50; n++) tell([{ type: "port", key: `${n}`, body: { text: `${text}${n}` } }]);
  expect(buffered()).toBeLessThan(600_000);
});

test("64 nodes that stop reading a snapshot hold up nobody for more than a moment", async () => {
  const ids = Array.from({ length: 64 }, (_, n) => `enemy-${n}`);
  const concern = { ...references, homes: () => [...ids, "vm-1"] };
  const { port, tell, buffered, sessions } = await gateway({}, {}, concern);
  const text = "x".repeat(10_000);
  tell(Array.from({ length: 500 }, (_, n) => ({ type: "port", key: `${n}`, body: { text } })));
  await Promise.all(
    ids.map(async (id) => {
      const { socket } = await enemy(port, id);
      socket.pause();
      socket.send(JSON.stringify(hello));
    }),
  );
  await until("all are sent what they do not read", () => buffered() > 64 * 200_000);
  const { ended, keys } = await agent(port, await credentials(vm));
  await until("the agent is served", () => keys().length === 500, 20_000);
  expect([sessions(), ended]).toEqual([65, []]);
});

test("500 nodes that stop reading cost bounded memory, are let go, and keep nobody else out", async () => {
  const ids = Array.from({ length: 500 }, (_, n) => `enemy-${n}`);
  const segment = ResourceId("segment", "s");
  const concern: References = {
    ...references,
    partOf: ({ type }) => (type === "port" ? [segment] : []),
    homes: ({ type }) => (type === "segment" ? [...ids, "vm-1"] : []),
  };
  const { port, tell, buffered, sessions } = await gateway({}, {}, concern);
  const text = "x".repeat(1_000);
  const ports = Array.from({ length: 5_000 }, (_, n) => ({ type: "port" as const, key: `${n}`, body: { text } }));
  tell([{ type: "segment", key: "s", body: {} }, ...ports]);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  await Promise.all(
    ids.map(async (id) => {
      const { socket } = await enemy(port, id);
      socket.pause();
      socket.send(JSON.stringify(hello));
    }),
  );
  await until("some are sent what they do not read", () => buffered() > 1_000_000);
  for (let n = 0; n < 50; n++) tell([{ type: "port", key: `${n}`, body: { text: `${text}${n}` } }]);
  expect(buffered()).toBeLessThan(500 * 300_000);
  // Both ends of all connections are in this process.
  expect(process.memoryUsage.rss() - before).toBeLessThan(600 * 1_048_576);
  await until("they are let go", () => sessions() === 0, 60_000);
  const { keys } = await agent(port, await credentials(vm));
  await until("the agent is served", () => keys().length === 5_001, 60_000);
}, 180_000);

test("bytes that are no TLS are turned away, as often as they come", async () => {
  const { port, refused } = await gateway();
  for (let n = 0; n < 20; n++) {
    const socket = tcpConnect(port, "127.0.0.1").on("error", () => undefined);
    // What the other end says of it must be read, or there is no end.
    socket.resume();
    socket.write(randomBytes(2_000));
    await once(socket, "close");
  }
  expect(refused.get("certificate or handshake")).toBe(20);
});
