import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Lease, NEVER } from "../../src/dhcp/lease.ts";
import { SqliteLeaseStore } from "../../src/dhcp/lease-store.edge.ts";
import { Ipv4, parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { acknowledgedBeforeKill } from "./killed.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "leases-"));
  path = join(folder, "leases.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const lease: Lease = {
  segment: "web",
  ip: parseIpv4("255.255.255.254"),
  mac: parseMac("02:00:00:00:00:01"),
  clientId: "ff80",
  hostname: "vm-1",
  start: 1_700_000_000_000,
  expires: 1_700_000_600_000,
  state: "bound",
};

function reopened(): Lease[] {
  const store = new SqliteLeaseStore(path);
  const leases = store.load();
  store.close();
  return leases;
}

describe("SqliteLeaseStore", () => {
  test("gives back every field, also those that are empty and ends that never come", async () => {
    const bare = { ...lease, segment: "app", clientId: undefined, hostname: undefined, expires: NEVER };
    const store = new SqliteLeaseStore(path);
    await store.put([lease, bare]);
    store.close();
    expect(reopened().toSorted((a, b) => b.segment.localeCompare(a.segment))).toEqual([lease, bare]);
  });

  test("keeps the last that was put for an address", async () => {
    const store = new SqliteLeaseStore(path);
    const puts = [store.put([lease, { ...lease, hostname: "second" }]), store.put([{ ...lease, state: "released" }])];
    await Promise.all(puts);
    await store.put([{ ...lease, state: "declined" }]);
    store.close();
    expect(reopened()).toEqual([{ ...lease, state: "declined" }]);
  });

  test("makes one commit of all that is put in one turn", async () => {
    const store = new SqliteLeaseStore(path);
    const first = store.put([lease]);
    expect(store.put([{ ...lease, segment: "app" }])).toBe(first);
    await first;
    const next = store.put([lease]);
    expect(next).not.toBe(first);
    await next;
    store.close();
  });

  test("refuses a file that is no database, and one of a later version", () => {
    writeFileSync(path, "no database ".repeat(1000));
    expect(() => new SqliteLeaseStore(path)).toThrow("LEASE_STORE");
    rmSync(path);
    new SqliteLeaseStore(path).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 2");
    db.close();
    expect(() => new SqliteLeaseStore(path)).toThrow(/LEASE_STORE.*version 2/);
  });

  test("rejects what it cannot make durable, and goes on afterwards", async () => {
    const store = new SqliteLeaseStore(path);
    const bad = { ...lease, segment: null as unknown as string };
    await expect(store.put([lease, bad])).rejects.toMatchObject({ code: "LEASE_STORE" });
    expect(store.load()).toEqual([]);
    await store.put([lease]);
    expect(store.load()).toEqual([lease]);
    store.close();
  });
});

/** Puts leases as fast as it can and prints each address once its lease is durable. */
const writer = `
  import { SqliteLeaseStore } from ${JSON.stringify(new URL("../../src/dhcp/lease-store.edge.ts", import.meta.url).href)};
  const store = new SqliteLeaseStore(process.argv[2]);
  const lease = ${JSON.stringify(lease)};
  let ip = 0;
  function more() {
    for (let n = 0; n < 20; n++) {
      const mine = ++ip;
      store.put([{ ...lease, ip: mine }]).then(() => process.stdout.write(mine + "\\n"));
    }
    setImmediate(more);
  }
  more();
`;

test("SqliteLeaseStore loses nothing it acknowledged when its process is killed, again and again", async () => {
  const script = join(folder, "writer.ts");
  writeFileSync(script, writer);
  for (const enough of [1, 37, 500, 2000]) {
    const acknowledged = await acknowledgedBeforeKill({ script, path }, enough);
    const kept = new Set(reopened().map(({ ip }) => ip));
    expect(acknowledged.filter((ip) => !kept.has(Ipv4(ip)))).toEqual([]);
    rmSync(path);
  }
});
