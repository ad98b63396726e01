import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, expect, test, vi } from "vitest";
import type { Limits } from "../../src/manager/http/limits.ts";
import { type ApiUnderTest, apiUnderTest } from "../../src/manager/http/world.testing.edge.ts";

vi.setConfig({ testTimeout: 60_000 });

const MIB = 1_048_576;

const SEGMENTS = "/policy/api/v1/infra/segments";
const TREE = "/policy/api/v1/infra";

/** What strangers may do in a short time, so that tests need not wait for long. */
const impatient: Partial<Limits> = {
  headersMs: 1_000,
  requestMs: 1_500,
  idleMs: 2_000,
  connections: 2_000,
  connectionsPerSource: 2_000,
  handshakes: { perSecond: 10_000, burst: 10_000 },
  handshakesPerSource: { perSecond: 10_000, burst: 10_000 },
};

let api: ApiUnderTest;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await api.server.close();
});

const kept = <S extends Socket>(socket: S): S => {
  sockets.add(socket);
  return socket.on("error", () => undefined);
};

const tcp = () => kept(connectTcp(api.server.port, "127.0.0.1"));

async function tls(): Promise<TLSSocket> {
  const socket = kept(connect({ port: api.server.port, host: "127.0.0.1", ca: api.authority.certificate }));
  await once(socket, "secureConnect");
  return socket;
}

/** All that it says until it is closed. */
async function untilClosed(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

const answers = async () => expect((await api.call("GET", SEGMENTS)).status).toBe(200);

const head = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${path} HTTP/1.1`, "host: m", `authorization: Bearer ${api.token}`, ...headers, "", ""].join("\r\n");

test("random bytes, before TLS and in it, end their connection and nothing else", async () => {
  api = await apiUnderTest(impatient);
  for (let n = 0; n < 50; n++) {
    const socket = tcp();
    socket.write(randomBytes(1 + n * 20));
    await untilClosed(socket);
  }
  for (let n = 0; n < 50; n++) {
    const socket = await tls();
    socket.write(randomBytes(1 + n * 20));
    await untilClosed(socket);
  }
  expect(api.server.refused.get("handshake")).toBeGreaterThan(0);
  expect(api.server.refused.get("no HTTP")).toBeGreaterThan(0);
  await answers();
});

test("a request line without a version, as of HTTP/0.9, is refused", async () => {
  api = await apiUnderTest(impatient);
  for (const line of ["GET /healthz", "GET /healthz HTTP/0.9"]) {
    const socket = await tls();
    socket.write(`${line}\r\n\r\n`);
    const said = untilClosed(socket);
    await vi.waitFor(() => expect(socket.bytesRead).toBeGreaterThan(0), 20_000);
    api.clock.advance(60_000);
    expect(await said).toMatch(/^HTTP\/1\.1 400 /);
  }
  await answers();
});

test("a key that stands twice in one object of a body is refused by its path, and nothing is stored", async () => {
  api = await apiUnderTest(impatient);
  const socket = await tls();
  const body = '{"tags": [{"scope": "a", "tag": "b", "scope": "c"}]}';
  const length = `content-length: ${body.length}`;
  socket.write(head("PUT", `${SEGMENTS}/web`, "content-type: application/json", "connection: close", length) + body);
  const said = await untilClosed(socket);
  expect(said).toMatch(/^HTTP\/1\.1 400 /);
  expect(said).toContain("tags[0].scope");
  expect((await api.call("GET", `${SEGMENTS}/web`)).status).toBe(404);
});

test("connections that say nothing, half a TLS greeting or half a request are given up", async () => {
  api = await apiUnderTest(impatient);
  const silent = Array.from({ length: 20 }, tcp);
  const half = tcp();
  half.write(Buffer.from("16030100c8010000", "hex"));
  const quiet = await tls();
  const begun = await tls();
  begun.write("GET /healthz HTTP/1.1\r\nhost: m\r\nx: ");
  await vi.waitFor(() => expect(api.server.connections()).toBe(23));
  api.clock.advance(1_000);
  const texts = await Promise.all([...silent, half, quiet, begun].map(untilClosed));
  expect(texts.at(-1)).toMatch(/^HTTP\/1\.1 408 /);
  await answers();
});

test("a body that comes byte by byte is given up, though its connection is never idle", async () => {
  api = await apiUnderTest(impatient);
  const socket = await tls();
  socket.write(head("PUT", `${SEGMENTS}/web`, "content-type: application/json", "content-length: 10000"));
  const drip = setInterval(() => socket.write(" "), 50);
  await untilClosed(socket);
  clearInterval(drip);
  await answers();
});

test("a body of 100 MB is refused before it is read, whether it says how long it is or not", async () => {
  api = await apiUnderTest({ ...impatient, requestMs: 20_000, idleMs: 20_000 });
  const before = process.memoryUsage().rss;
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  for (const [token, length, status] of [
    [api.token, "content-length: 104857600", 413],
    [api.token, "transfer-encoding: chunked", 413],
    ["pcg_wrong", "content-length: 104857600", 401],
  ] as const) {
    const socket = await tls();
    const said = untilClosed(socket);
    socket.write(head("PATCH", TREE, "content-type: application/json", length).replace(api.token, token));
    const isFramed = !length.startsWith("content");
    const framed = Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")]);
    const closed = new AbortController();
    socket.once("close", () => closed.abort());
    for (let sent = 0; sent < 1_600 && !socket.destroyed; sent++)
      if (!socket.write(isFramed ? framed : chunk)) await drained(socket, closed.signal);
    expect(await said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
  await answers();
});

const drained = (socket: TLSSocket, signal: AbortSignal) => once(socket, "drain", { signal }).catch(() => undefined);

test("bodies that nest without end, in 8 MB, are refused before they are parsed", async () => {
  api = await apiUnderTest(impatient);
  for (const body of ["[".repeat(7 * MIB), `{"children":${"[{}],".repeat(1_600_000)}`, `["${"\\".repeat(7 * MIB)}`]) {
    const { status } = await api.call("PATCH", TREE, { body });
    expect(status).toBe(400);
  }
  await answers();
});

test("large bodies on their way take no more room together than there is", async () => {
  api = await apiUnderTest({ ...impatient, requestMs: 5_000, idleMs: 5_000, bodiesBytes: 20 * MIB });
  const begin = async () => {
    const socket = await tls();
    socket.write(head("PATCH", TREE, "content-type: application/json", `content-length: ${8 * MIB}`));
    return socket;
  };
  const held = [await begin(), await begin()];
  const third = await begin();
  expect(await untilClosed(third)).toMatch(/^HTTP\/1\.1 429 /);
  for (const socket of held) socket.destroy();
  await vi.waitFor(async () =>
    expect(
      (
        await api.call("PATCH", TREE, {
          body: { children: [{ Segment: { id: "a", description: "x".repeat(7 * MIB) } }] },
        })
      ).status,
    ).toBe(200),
  );
});

/** The system's own buffers take some of each answer; what is meant here is what does not fit into them. */
test("500 connections that ask for much and stop reading cost bounded memory, and are given up", async () => {
  const many = { perSecond: 1, burst: 10_000 };
  api = await apiUnderTest({ ...impatient, idleMs: 5_000, answersBytes: 16 * MIB, perToken: many, perSource: many });
  await api.call("PATCH", TREE, { body: { children: [{ Segment: { id: "big", description: "x".repeat(MIB / 2) } }] } });
  const stuck: TLSSocket[] = [];
  for (let n = 0; n < 500; n++) stuck.push(await tls());
  const before = process.memoryUsage().rss;
  for (const socket of stuck) {
    socket.pause();
    socket.write(head("GET", `${SEGMENTS}/big`).repeat(8));
  }
  const isRefused = () => api.logged.some(([text]) => text === "a request was refused: MANAGER_TOO_FAST");
  await vi.waitFor(() => expect(isRefused()).toBe(true), { timeout: 20_000 });
  expect((await api.call("GET", "/healthz")).status).toBe(200);
  const grown = process.memoryUsage().rss - before;
  expect(grown, `${Math.round(grown / MIB)} MiB more`).toBeLessThan(300 * MIB);
  await vi.waitFor(() => expect(api.server.connections()).toBe(0), { timeout: 40_000 });
  await answers();
});

test("one source has so many connections and no more; those of others are not its to take", async () => {
  api = await apiUnderTest({ ...impatient, connectionsPerSource: 5, headersMs: 10_000, idleMs: 10_000 });
  for (let n = 0; n < 5; n++) await tls();
  await untilClosed(tcp());
  expect(api.server.refused.get("too many of one source")).toBe(1);
  const { certificate: ca } = api.authority;
  const fromElsewhere = { port: api.server.port, host: "127.0.0.1", localAddress: "127.0.0.2", ca };
  await once(kept(connect(fromElsewhere)), "secureConnect");
});

test("handshakes that come too fast are turned away before they cost anything", async () => {
  api = await apiUnderTest({ ...impatient, handshakesPerSource: { perSecond: 1, burst: 3 } });
  for (let n = 0; n < 3; n++) await tls();
  const fourth = tcp();
  fourth.write("\x16");
  await untilClosed(fourth);
  expect(api.server.refused.get("too fast")).toBe(1);
  api.clock.advance(1_000);
  await tls();
});

/** The clock that handshakes wait for stands still: an honest client is served at once, or never. */
test("an honest client is served at once while eleven sources hold all the connections there are, silent or half greeted", async () => {
  api = await apiUnderTest();
  const half = Buffer.from("16030100c8010000", "hex");
  const flood = (n: number) => {
    const localAddress = `127.0.7.${1 + (n % 11)}`;
    const socket = kept(connectTcp({ port: api.server.port, host: "127.0.0.1", localAddress }));
    if (n % 12 === 0) socket.once("connect", () => void socket.write(half));
  };
  for (let n = 0; n < 1_320; n++) flood(n);
  await vi.waitFor(() => expect(turnedAway()).toBeGreaterThanOrEqual(320), { timeout: 30_000 });
  expect(api.server.connections()).toBe(1_000);
  for (let n = 0; n < 20; n++) {
    for (let more = 0; more < 50; more++) flood(more);
    await answers();
  }
  expect(api.server.refused.get("too many")).toBeUndefined();
});

const turnedAway = () => [...api.server.refused.values()].reduce((sum, count) => sum + count, 0);
