import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { toBase64 } from "../../src/manager/ledger/etcd-messages.ts";
import type { Entry, Ledger } from "../../src/manager/ledger/ledger.ts";
import { openLedger, type Store } from "../../src/manager/ledger/open-ledger.edge.ts";
import { certificateFor } from "./certificate-for.ts";
import { EtcdCluster, type TlsPaths } from "./etcd-cluster.ts";
import { acknowledgedBeforeKill } from "./killed.ts";

const appender = fileURLToPath(new URL("appender.ts", import.meta.url));
const quiet = { info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "ledger-"));
afterAll(() => rmSync(folder, { recursive: true }));

const opened: Store[] = [];
afterEach(async () => {
  for (const { ledger } of opened.splice(0)) await ledger.close();
});
function open(spec: string): Store {
  const store = openLedger(spec, { clock: systemClock, log: quiet });
  opened.push(store);
  return store;
}

/** Opens it with a clock that runs twenty times as fast: for what gives up in the end. */
function openHasty(spec: string): Store {
  const after = (ms: number, fn: () => void) => systemClock.after(ms / 20, fn);
  return openLedger(spec, { clock: { ...systemClock, now: () => systemClock.now() * 20, after }, log: quiet });
}

const entry = (seq: number, text = `entry ${seq}`): Entry => ({ seq, text });
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => entry(from + n));
async function appendAll(ledger: Ledger, all: readonly Entry[]) {
  for (const one of all) expect(await ledger.append(one)).toBe(true);
}

function followed(ledger: Ledger, seq = 0) {
  const told: Entry[] = [];
  const lost: string[] = [];
  const undo = ledger.follow(seq, { entry: (one) => told.push(one), lost: (why) => lost.push(why) });
  return { told, lost, undo };
}
const soon = (expectation: () => void) => vi.waitFor(expectation, { timeout: 20_000, interval: 20 });

/** What a store must be able to do for the tests that are the same for all. */
interface Kind {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A specification of an empty store. */
  fresh(): string;
  save(spec: string): Promise<void>;
  putBack(spec: string): Promise<void>;
}

let count = 0;
const sqlite: Kind = {
  start: async () => undefined,
  stop: async () => undefined,
  fresh: () => join(folder, `${++count}.db`),
  save: (spec) => copyDatabase(spec, `${spec}.saved`),
  putBack: (spec) => copyDatabase(`${spec}.saved`, spec),
};
async function copyDatabase(from: string, to: string) {
  const source = new DatabaseSync(from);
  await backup(source, to);
  source.close();
}

let single: EtcdCluster;
const etcd: Kind = {
  start: async () => {
    single = await EtcdCluster.start(1);
  },
  stop: () => single.stop(),
  fresh: () => single.spec(`${++count}`),
  save: () => restartSingle("save"),
  putBack: () => restartSingle("put back"),
};
async function restartSingle(disk: "save" | "put back") {
  for (const member of single.members) await single.restart(member, disk);
}

describe.each([
  ["SqliteLedger", sqlite],
  ["EtcdLedger", etcd],
] as const)("%s", (_, kind) => {
  beforeAll(() => kind.start());
  afterAll(() => kind.stop());

  test("is empty at first, and holds what was appended", async () => {
    const spec = kind.fresh();
    const { ledger } = open(spec);
    expect(await ledger.load()).toEqual({ snapshot: null, entries: [] });
    expect(await ledger.newest()).toBe(0);
    await appendAll(ledger, entries(1, 150));
    expect(await ledger.newest()).toBe(150);
    expect(await open(spec).ledger.load()).toEqual({ snapshot: null, entries: entries(1, 150) });
  });

  test("takes one entry of each number, and none that follows nothing", async () => {
    const { ledger } = open(kind.fresh());
    await expect(ledger.append(entry(2))).rejects.toMatchObject({ code: "MANAGER_STORE", detail: { seq: 2, last: 0 } });
    await appendAll(ledger, entries(1, 2));
    expect(await ledger.append(entry(2))).toBe(false);
    expect(await ledger.append(entry(1, "another"))).toBe(false);
    await expect(ledger.append(entry(4))).rejects.toMatchObject({ code: "MANAGER_STORE" });
    expect((await ledger.load()).entries).toEqual(entries(1, 2));
  });

  test("gives 500 numbers once each to three that race for them, one in another process", async () => {
    const spec = kind.fresh();
    const won: number[] = [];
    const race = async () => {
      const { ledger } = open(spec);
      for (let seq = 1; seq <= 500; seq++) if (await ledger.append(entry(seq, "here"))) won.push(seq);
    };
    const child = spawn(process.execPath, [appender, spec, "500"], { stdio: ["ignore", "pipe", "inherit"] });
    const theirs: number[] = [];
    const lines = createInterface({ input: child.stdout }).on("line", (line) => theirs.push(Number(line)));
    await Promise.all([race(), race(), once(lines, "close")]);
    expect([...won, ...theirs].toSorted((a, b) => a - b)).toEqual(entries(1, 500).map(({ seq }) => seq));
    const kept = (await open(spec).ledger.load()).entries;
    expect(kept.map(({ seq }) => seq)).toEqual(entries(1, 500).map(({ seq }) => seq));
    expect(kept.filter(({ text }) => text === "here").map(({ seq }) => seq)).toEqual(won.toSorted((a, b) => a - b));
  });

  test("tells every reader all that is new, its own entries too, once and in order, until its undo", async () => {
    const spec = kind.fresh();
    const [a, b] = [open(spec).ledger, open(spec).ledger];
    await appendAll(a, entries(1, 100));
    const [early, late, gone] = [followed(a), followed(b, 90), followed(b, 100)];
    await appendAll(a, entries(101, 110));
    await soon(() => expect(gone.told).toEqual(entries(101, 110)));
    gone.undo();
    await appendAll(b, entries(111, 120));
    await soon(() => expect(early.told).toEqual(entries(1, 120)));
    await soon(() => expect(late.told).toEqual(entries(91, 120)));
    expect(gone.told).toEqual(entries(101, 110));
    expect([...early.lost, ...late.lost]).toEqual([]);
  });

  test("keeps an entry of 5 MB of any script", async () => {
    const spec = kind.fresh();
    const { ledger } = open(spec);
    const { told } = followed(open(spec).ledger);
    const huge = entry(1, JSON.stringify("ä€😀0123456789".repeat(270_000)));
    expect(Buffer.byteLength(huge.text)).toBeGreaterThan(5_000_000);
    expect(await ledger.append(huge)).toBe(true);
    expect(await ledger.append(entry(1, huge.text.slice(1)))).toBe(false);
    await appendAll(ledger, [entry(2, "x".repeat(20_000))]);
    const { entries } = await open(spec).ledger.load();
    expect(entries.map(({ text }) => text.length)).toEqual([huge.text.length, 20_000]);
    expect(entries[0]?.text === huge.text).toBe(true);
    await soon(() => expect(told).toHaveLength(2));
    expect(told[0]?.text === huge.text).toBe(true);
  });

  test("goes on from a snapshot of 30 MB as from the entries it takes the place of", async () => {
    const spec = kind.fresh();
    const { ledger } = open(spec);
    await appendAll(ledger, [entry(1, "y".repeat(100_000)), ...entries(2, 20)]);
    const reader = followed(open(spec).ledger, 15);
    const parts = Array.from({ length: 60 }, (_, n) => JSON.stringify(String(n % 10).repeat(512 * 1024 - 2)));
    await ledger.compact({ seq: 15, parts });
    const loaded = await open(spec).ledger.load();
    expect(loaded.entries).toEqual(entries(16, 20));
    expect(loaded.snapshot?.seq).toBe(15);
    expect(loaded.snapshot?.parts.every((part, n) => part === parts[n])).toBe(true);
    expect(loaded.snapshot?.parts).toHaveLength(60);
    expect(await ledger.append(entry(3))).toBe(false);
    expect(await ledger.append(entry(1))).toBe(false);
    await appendAll(ledger, entries(21, 22));
    await soon(() => expect(reader.told).toEqual(entries(16, 22)));
    expect(reader.lost).toEqual([]);
  });

  test("ignores a snapshot that is not newer, and refuses one of no entry", async () => {
    const { ledger } = open(kind.fresh());
    await appendAll(ledger, entries(1, 10));
    await ledger.compact({ seq: 8, parts: ["eight", ""] });
    await ledger.compact({ seq: 5, parts: ["five"] });
    await ledger.compact({ seq: 8, parts: ["another eight"] });
    await expect(ledger.compact({ seq: 11, parts: [] })).rejects.toMatchObject({ code: "MANAGER_STORE" });
    expect(await ledger.load()).toEqual({ snapshot: { seq: 8, parts: ["eight", ""] }, entries: entries(9, 10) });
    await ledger.compact({ seq: 10, parts: ["ten"] });
    expect(await ledger.load()).toEqual({ snapshot: { seq: 10, parts: ["ten"] }, entries: [] });
    await appendAll(ledger, entries(11, 11));
  });

  test("keeps the newest of the snapshots that several make at once, whole", async () => {
    const spec = kind.fresh();
    const { ledger } = open(spec);
    await appendAll(ledger, entries(1, 10));
    const made = [4, 9, 2, 7].map((seq) => open(spec).ledger.compact({ seq, parts: [`of ${seq}`] }));
    await Promise.all([...made, ledger.load()]);
    expect(await ledger.load()).toEqual({ snapshot: { seq: 9, parts: ["of 9"] }, entries: entries(10, 10) });
  });

  test("loads what was true at one moment, though others append and compact all the while", async () => {
    const spec = kind.fresh();
    const writing = (async () => {
      const { ledger } = open(spec);
      for (let seq = 1; seq <= 200; seq++) {
        await ledger.append(entry(seq));
        if (seq % 7 === 0) await ledger.compact({ seq, parts: [`up to`, ` ${seq}`] });
      }
    })();
    const { ledger } = open(spec);
    for (let last = 0; last < 200; ) {
      const { snapshot, entries: rest } = await ledger.load();
      const from = snapshot?.seq ?? 0;
      if (snapshot) expect(snapshot.parts.join("")).toBe(`up to ${from}`);
      expect(rest).toEqual(entries(from + 1, from + rest.length));
      expect(from + rest.length).toBeGreaterThanOrEqual(last);
      last = from + rest.length;
      await setTimeout(1);
    }
    await writing;
  });

  test("tells a reader that is compacted past that it is lost", async () => {
    const { ledger } = open(kind.fresh());
    await appendAll(ledger, entries(1, 10));
    await ledger.compact({ seq: 8, parts: ["eight"] });
    const [behind, exact] = [followed(ledger, 5), followed(ledger, 8)];
    await soon(() => expect(behind.lost).toEqual([expect.stringContaining("compacted")]));
    await soon(() => expect(exact.told).toEqual(entries(9, 10)));
    expect(behind.told).toEqual([]);
  });

  test("tells its readers when the store was put back, also when it has grown again since", async () => {
    const spec = kind.fresh();
    const writer = open(spec).ledger;
    await appendAll(writer, entries(1, 10));
    await kind.save(spec);
    await appendAll(writer, entries(11, 12));
    const { told, lost } = followed(open(spec).ledger);
    await soon(() => expect(told).toHaveLength(12));
    await kind.putBack(spec);
    expect(await writer.append(entry(11, "anew"))).toBe(true);
    await appendAll(writer, entries(12, 14));
    await soon(() => expect(lost).toEqual([expect.stringContaining("the store was put back")]));
    expect(told).toEqual(entries(1, 12));
    expect((await writer.load()).entries).toEqual([...entries(1, 10), entry(11, "anew"), ...entries(12, 14)]);
  });

  test("has leases that one holder has at a time, and whose epoch grows each time one is taken", async () => {
    const spec = kind.fresh();
    const [a, b] = [open(spec).leases, open(spec).leases];
    expect(await a.read("leader")).toBeUndefined();
    const [first, second] = await Promise.all([a.acquire("leader", "a", 30_000), b.acquire("leader", "b", 30_000)]);
    expect(second).toMatchObject({ holder: first.holder, epoch: 1 });
    const [mine, its, other] = first.holder === "a" ? [a, "a", "b"] : [b, "b", "a"];
    const longer = await mine.acquire("leader", its, 60_000);
    expect(longer).toMatchObject({ holder: its, epoch: 1 });
    expect(longer.expiresAt).toBeGreaterThan(first.expiresAt + 20_000);
    expect(await a.acquire("other", "a", 30_000)).toMatchObject({ holder: "a", epoch: 1 });

    await mine.release("leader", { holder: its, epoch: 2 });
    await mine.release("leader", { holder: other, epoch: 1 });
    expect(await b.read("leader")).toMatchObject({ holder: its, epoch: 1 });
    await mine.release("leader", longer);
    expect(await b.read("leader")).toEqual({ holder: its, epoch: 1, expiresAt: 0 });
    expect(await b.acquire("leader", other, 30_000)).toMatchObject({ holder: other, epoch: 2 });
    await mine.release("leader", longer);
    expect(await a.acquire("leader", its, 30_000)).toMatchObject({ holder: other, epoch: 2 });
  });

  test("gives a lease to another when its holder has let it expire, and not before", async () => {
    const { leases } = open(kind.fresh());
    const first = await leases.acquire("leader", "a", 1_000);
    expect(first.expiresAt).toBeGreaterThan(Date.now());
    let taken = await leases.acquire("leader", "b", 1_000);
    while (taken.holder === "a") {
      await setTimeout(50);
      taken = await leases.acquire("leader", "b", 1_000);
    }
    expect(Date.now()).toBeGreaterThanOrEqual(first.expiresAt);
    expect(taken).toMatchObject({ holder: "b", epoch: 2 });
    expect(await leases.acquire("leader", "a", 1_000)).toMatchObject({ holder: "b", epoch: 2 });
  });
});

describe("SqliteLedger", () => {
  test("loses nothing it acknowledged when its process is killed, ten times at any moment", async () => {
    const spec = sqlite.fresh();
    const acknowledged: number[] = [];
    for (let round = 1; round <= 10; round++)
      acknowledged.push(...(await acknowledgedBeforeKill({ script: appender, path: spec }, (round * 37) % 101)));
    const kept = (await open(spec).ledger.load()).entries.map(({ seq }) => seq);
    expect(kept).toEqual(entries(1, kept.length).map(({ seq }) => seq));
    // What is not acknowledged may be there all the same: one for each time it was killed.
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(acknowledged.filter((seq) => seq > kept.length)).toEqual([]);
    expect(kept.length - acknowledged.length).toBeLessThanOrEqual(10);
  });

  test("keeps its files from all but their owner", async () => {
    const spec = sqlite.fresh();
    await appendAll(open(spec).ledger, entries(1, 1));
    for (const file of [spec, `${spec}-wal`, `${spec}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("refuses a file it cannot use, by name", () => {
    expect(() => open(folder)).toThrow(/MANAGER_STORE.*path=/);
  });
});

describe("EtcdLedger of three members", () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterAll(() => cluster.stop());

  test("tells everything once and in order though the member it watches is killed and comes back", async () => {
    const [watched] = cluster.members;
    if (!watched) throw new Error("no members");
    const { told, lost } = followed(open(cluster.spec("watched", 0)).ledger);
    const writer = open(cluster.spec("watched", 1)).ledger;
    await appendAll(writer, entries(1, 20));
    await soon(() => expect(told).toHaveLength(20));
    await cluster.kill(watched);
    await appendAll(writer, entries(21, 40));
    await soon(() => expect(told).toHaveLength(40));
    await cluster.run(watched);
    await appendAll(writer, entries(41, 60));
    await soon(() => expect(told).toEqual(entries(1, 60)));
    expect(lost).toEqual([]);
  });

  test("goes on telling though the member it watches falls silent", async () => {
    const [watched] = cluster.members;
    const { told } = followed(open(cluster.spec("silent", 0)).ledger);
    const writer = open(cluster.spec("silent", 1)).ledger;
    await appendAll(writer, entries(1, 5));
    await soon(() => expect(told).toHaveLength(5));
    watched?.process?.kill("SIGSTOP");
    try {
      await appendAll(writer, entries(6, 10));
      await soon(() => expect(told).toHaveLength(10));
      await appendAll(writer, entries(11, 15));
      await soon(() => expect(told).toEqual(entries(1, 15)));
    } finally {
      watched?.process?.kill("SIGCONT");
    }
  });

  test("loses nothing it acknowledged, and takes nothing twice, whenever its leader is killed", async () => {
    const { told, lost } = followed(open(cluster.spec("stream", 2)).ledger);
    const acknowledged: Entry[] = [];
    let over = false;
    const write = async (name: string, first: number) => {
      const { ledger } = open(cluster.spec("stream", first));
      for (let seq = 1; !over; seq++) {
        const mine = entry(seq, `${name} ${seq}`);
        if (await appended(ledger, mine)) acknowledged.push(mine);
      }
    };
    const writing = Promise.all([write("a", 0), write("b", 1)]);
    for (const after of [15, 40, 75]) {
      const enough = acknowledged.length + after;
      await soon(() => expect(acknowledged.length).toBeGreaterThan(enough));
      const leader = await cluster.leader();
      await cluster.kill(leader);
      const had = acknowledged.length;
      await soon(() => expect(acknowledged.length).toBeGreaterThan(had + 10));
      await cluster.run(leader);
    }
    over = true;
    await writing;
    const kept = (await open(cluster.spec("stream")).ledger.load()).entries;
    expect(kept).toEqual(acknowledged.toSorted((a, b) => a.seq - b.seq));
    await soon(() => expect(told).toEqual(kept));
    expect(lost).toEqual([]);
  });
});

/** What nobody can tell is asked again, as the ledger's contract says. */
async function appended(ledger: Ledger, one: Entry): Promise<boolean> {
  for (;;) {
    try {
      return await ledger.append(one);
    } catch (error) {
      expect(error).toMatchObject({ code: "MANAGER_STORE" });
    }
  }
}

describe("EtcdLedger", () => {
  beforeAll(() => etcd.start());
  afterAll(() => etcd.stop());

  test("knows its own entry again when the answer to its append was lost", async () => {
    const { port, cut, stop } = await answersCut(single.members[0]?.client ?? 0);
    const { ledger } = open(etcd.fresh().replace("etcd://", `etcd://127.0.0.1:${port},`));
    cut.next = 1;
    expect(await ledger.append(entry(1))).toBe(true);
    expect(cut.done).toBe(1);
    expect((await ledger.load()).entries).toEqual(entries(1, 1));
    expect(await ledger.append(entry(1))).toBe(false);
    stop();
  });

  test("leaves no pieces behind of entries and snapshots that are no more", async () => {
    const spec = etcd.fresh();
    const { ledger } = open(spec);
    const long = "z".repeat(3_000_000);
    await appendAll(ledger, [entry(1, long), entry(2, long)]);
    expect(await ledger.append(entry(2, `${long} too`))).toBe(false);
    expect(await keysUnder(spec, "/part/")).toBe(6);
    await ledger.compact({ seq: 1, parts: [long] });
    await ledger.compact({ seq: 2, parts: ["short"] });
    expect(await keysUnder(spec, "/part/")).toBe(3);
    expect(await keysUnder(spec, "/snap/")).toBe(1);
    expect(await keysUnder(spec, "/log/")).toBe(1);
  });

  test("says that it cannot be reached, within some twenty seconds", async () => {
    const { ledger } = openHasty("etcd://127.0.0.1:1/none");
    await expect(ledger.load()).rejects.toMatchObject({ code: "MANAGER_STORE", detail: { at: "127.0.0.1:1" } });
  });
});

describe("EtcdLedger over TLS and as a user", () => {
  let cluster: EtcdCluster;
  let tls: TlsPaths;
  beforeAll(async () => {
    tls = await certificateFor("127.0.0.1", folder);
    cluster = await EtcdCluster.start(1, tls);
    const all = { key: toBase64("/users/"), range_end: toBase64("/users0"), permType: "READWRITE" };
    await cluster.ask("/v3/auth/user/add", { name: "root", password: "root" });
    await cluster.ask("/v3/auth/user/grant", { user: "root", role: "root" });
    await cluster.ask("/v3/auth/user/add", { name: "pcg", password: "secret" });
    await cluster.ask("/v3/auth/role/add", { name: "pcg" });
    await cluster.ask("/v3/auth/role/grant", { name: "pcg", perm: all });
    await cluster.ask("/v3/auth/user/grant", { user: "pcg", role: "pcg" });
    await cluster.ask("/v3/auth/enable", {});
  });
  afterAll(() => cluster.stop());

  const as = (password: string) => {
    const file = join(folder, "password");
    writeFileSync(file, `${password}\n`);
    return `${cluster.spec("users/pcg").replace("://", "://pcg@")}&password-file=${file}`;
  };

  test("needs no rights but on its prefix, and gets a new token when its own is worth nothing any more", async () => {
    const { ledger, leases } = open(as("secret"));
    const { told } = followed(ledger);
    await appendAll(ledger, entries(1, 3));
    expect(await leases.acquire("leader", "a", 30_000)).toMatchObject({ holder: "a", epoch: 1 });
    // A new password ends all tokens, be it the same.
    const { token } = await cluster.ask("/v3/auth/authenticate", { name: "root", password: "root" });
    await cluster.ask("/v3/auth/user/changepw", { name: "pcg", password: "secret" }, String(token));
    await appendAll(ledger, entries(4, 5));
    await ledger.compact({ seq: 4, parts: ["four"] });
    expect(await ledger.load()).toEqual({ snapshot: { seq: 4, parts: ["four"] }, entries: entries(5, 5) });
    await soon(() => expect(told).toEqual(entries(1, 5)));
  });

  test("is refused with a wrong password, and trusts no stranger", async () => {
    await expect(open(as("wrong")).ledger.load()).rejects.toMatchObject({
      code: "MANAGER_STORE",
      detail: { user: "pcg", why: expect.stringContaining("authentication failed") },
    });
    const other = await certificateFor("127.0.0.1", mkdtempSync(join(folder, "other-")));
    await expect(openHasty(as("secret").replace(tls.ca, other.ca)).ledger.load()).rejects.toMatchObject({
      code: "MANAGER_STORE",
      detail: { why: expect.stringContaining("certificate") },
    });
    expect(() => open(as("secret").replace(tls.ca, "/nowhere"))).toThrow(/CONFIG_UNREADABLE.*nowhere/);
  });
});

async function keysUnder(spec: string, folder: string): Promise<number> {
  const { pathname } = new URL(spec);
  const [key, range_end] = [`${pathname}${folder}`, `${pathname}${folder.slice(0, -1)}0`].map(toBase64);
  return Number((await single.ask("/v3/kv/range", { key, range_end, count_only: true }))["count"] ?? 0);
}

/** A way to an etcd on which answers to transactions can be cut off. */
async function answersCut(to: number) {
  const cut = { next: 0, done: 0 };
  const server = createServer((asked, answer) => {
    const { url: path, method, headers } = asked;
    const passed = request({ host: "127.0.0.1", port: to, path, method, headers }, (response) => {
      if (path !== "/v3/kv/txn" || cut.next === 0) return response.pipe(answer);
      cut.next -= 1;
      cut.done += 1;
      return answer.destroy();
    });
    asked.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { port, cut, stop: () => server.close() };
}
