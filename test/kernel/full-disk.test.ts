import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import type { Lease } from "../../src/dhcp/lease.ts";
import { SqliteLeaseStore } from "../../src/dhcp/lease-store.edge.ts";
import { Ipv4 } from "../../src/net/ipv4.ts";
import type { Mac } from "../../src/net/mac.ts";
import { sh, until } from "./namespace.ts";
import { Program } from "./program.ts";
import { everything, ToldUnit } from "./told-unit.ts";

/** How long something may take on a machine that has much else to do. */
const PATIENCE_MS = 60_000;

let told: ToldUnit;
beforeAll(async () => {
  told = await ToldUnit.start(["127.0.0.1"]);
});
afterAll(() => told.stop());

/** A small disk at a folder of the unit, and what fills and empties it. */
function disk(name: string) {
  const path = told.path(name);
  mkdirSync(path, { recursive: true });
  sh(`mount -t tmpfs -o size=1M pcg-small ${path}`);
  onTestFinished(() => void sh(`umount -l ${path}`));
  const filling = join(path, "filling");
  return {
    path,
    fill: () => sh(`head -c 4M /dev/zero >${filling} 2>/dev/null || true`),
    empty: () => rmSync(filling),
  };
}

function pcgd(args: Record<string, string>, log?: string): Program {
  const all = { kernel: told.path("kernel.sock"), socket: told.path("pcgd.sock"), ...args };
  const options = Object.entries(all).flatMap(([option, value]) => [`--${option}`, value]);
  const program = new Program("pcgd", options, { namespace: told.unit.namespace, ...(log && { log }) });
  onTestFinished(() => program.kill());
  return program;
}

const status = async () => (await ask(told.path("pcgd.sock"), "/status")) as Status;
const realized = (generation: number) =>
  until(`${generation} is realized`, async () => (await status()).desired.realized === generation, PATIENCE_MS);

const segment = { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" };
const wish = (file: string, generation: number) =>
  writeFileSync(
    file,
    JSON.stringify({ generation, segments: [segment], teps: [], endpoints: [], tier0: { uplinkRoutes: [] } }),
  );

test("pcgd takes what is desired while its disk is full, keeps it when there is room, and starts on a full disk", async () => {
  const { path, fill, empty } = disk("small");
  const desired = told.path("desired.yaml");
  const options = { config: told.path("pcgd.yaml"), desired, state: path };
  wish(desired, 1);
  const first = pcgd(options);
  await realized(1);
  fill();
  wish(desired, 2);
  await realized(2);
  await until("it says so", () => /<4>.*cannot be kept.*ENOSPC/.test(first.said()), PATIENCE_MS);
  expect(first.runs()).toBe(true);
  await first.kill();

  const second = pcgd(options);
  await realized(2);
  const kept = () =>
    (JSON.parse(readFileSync(join(path, "desired.last-good.yaml"), "utf8")) as { generation: number }).generation;
  expect(kept()).toBe(1);
  empty();
  await until("it is kept", () => kept() === 2, PATIENCE_MS);
  expect(second.said()).not.toMatch(/^\s+at /m);
});

test("what a controller told counts again after a restart on a full disk, and is not put aside", async () => {
  const { path, fill, empty } = disk("told-small");
  const options = { config: told.path("told.yaml"), credentials: told.path("pcg-a"), state: path };
  const controller = told.startController();
  onTestFinished(() => controller.stop());
  const first = pcgd(options);
  controller.tell({ upserts: everything });
  await until("it is realized", async () => (await status()).endpoints.length === 1, PATIENCE_MS);
  await controller.stop();
  await first.kill();
  fill();

  const second = pcgd(options);
  await until("it holds what it was told", async () => (await status()).endpoints.length === 1, PATIENCE_MS);
  expect(readdirSync(path).filter((name) => name.includes("unreadable"))).toEqual([]);
  empty();
  expect(second.runs()).toBe(true);
});

test("a log that cannot be written ends nothing", async () => {
  const desired = told.path("logged.yaml");
  wish(desired, 5);
  const program = pcgd({ config: told.path("pcgd.yaml"), desired, state: told.path("logged") }, "/dev/full");
  await realized(5);
  expect(program.runs()).toBe(true);
});

test("leases are read from a full disk, and one that has its row is written again when there is room", async () => {
  const { path, fill, empty } = disk("leases");
  const file = join(path, "leases.db");
  const lease: Lease = {
    ...{ segment: "web", ip: Ipv4(0xc0a86403), mac: "02:00:00:00:64:01" as Mac, clientId: undefined, hostname: "vm-1" },
    ...{ start: 1, expires: 2, state: "bound" },
  };
  const before = new SqliteLeaseStore(file);
  await before.put([lease]);
  before.close();
  expect(existsSync(`${file}-shm`)).toBe(false);
  fill();
  const store = new SqliteLeaseStore(file);
  onTestFinished(() => store.close());
  expect(store.load()).toEqual([lease]);
  await expect(store.put([{ ...lease, expires: 3 }])).rejects.toMatchObject({ code: "LEASE_STORE" });
  empty();
  await store.put([{ ...lease, expires: 4 }]);
  expect(store.load()).toEqual([{ ...lease, expires: 4 }]);
});
