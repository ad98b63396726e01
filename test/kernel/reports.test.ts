import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lease } from "../../src/dhcp/lease.ts";
import { SqliteLeaseStore } from "../../src/dhcp/lease-store.edge.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { until } from "./namespace.ts";
import { everything, port, ToldUnit } from "./told-unit.ts";

const HOUR_MS = 3_600_000;
const lease: Lease = {
  ...{ segment: "web", ip: parseIpv4("192.168.100.9"), mac: parseMac("02:00:00:00:03:09"), clientId: undefined },
  ...{ hostname: "nine", start: Date.now(), expires: Date.now() + HOUR_MS, state: "bound" },
};

let told: ToldUnit;
type Controller = ReturnType<ToldUnit["startController"]>;
let first: Controller;
let second: Controller;
let pcgd: ReturnType<ToldUnit["startPcgd"]>;

beforeAll(async () => {
  told = await ToldUnit.start(["127.0.0.1", "127.0.0.2"]);
  mkdirSync(told.path("state"));
  const leases = new SqliteLeaseStore(told.path("state/leases.db"));
  await leases.put([lease]);
  leases.close();
  first = told.startController("127.0.0.1");
  second = told.startController("127.0.0.2");
  for (const controller of [first, second]) controller.tell({ upserts: everything });
  pcgd = told.startPcgd();
});
afterAll(() => told.stop());

type Reported = ReturnType<Controller["reports"]>[number];

/** What the controller knows last, once it is so. */
const known = (controller: Controller, what: string, is: (now: Reported) => unknown) =>
  until(what, () => {
    const now = controller.reports().at(-1);
    return now && is(now) ? now : undefined;
  });

test("every controller knows what the gateway has realized, its agents and its leases", async () => {
  told.startAgent("vm-1");
  for (const controller of [first, second]) {
    const { gateway, leases, problems } = await known(
      controller,
      "it is realized, and the agent is there",
      (now) => now.gateway?.realized && now.agents[0]?.current,
    );
    expect(gateway).toMatchObject({ unit: "a", lastError: null, failing: { total: 0, objects: [] }, unreported: 0 });
    expect(problems).toEqual([]);
    expect(leases).toEqual([
      {
        ...{ segment: "web", ip: "192.168.100.9", mac: "02:00:00:00:03:09", hostname: "nine" },
        until: new Date(Math.ceil(lease.expires / HOUR_MS) * HOUR_MS).toISOString(),
      },
    ]);
  }
});

test("a generation is not reported as realized before the kernel has it", async () => {
  const before = await known(first, "all is realized", ({ at, gateway }) => gateway?.realized === at);
  const count = first.reports().length;
  told.unit.signal("SIGSTOP");
  first.tell({ upserts: [port("vm-2", "192.168.100.4", "02:00:00:00:03:0b")] });
  await known(first, "it is wished", ({ at, gateway }) => at > before.at && gateway?.wished === at);
  first.tell({ upserts: [port("vm-2", "192.168.100.5", "02:00:00:00:03:0b")] });
  const last = await known(
    first,
    "the next is wished",
    ({ at, gateway }) => at > before.at + 1 && gateway?.wished === at,
  );
  const meanwhile = first.reports().slice(count);
  expect(new Set(meanwhile.map(({ gateway }) => gateway?.realized))).toEqual(new Set([before.at]));
  told.unit.signal("SIGCONT");
  await known(first, "it is realized", ({ gateway }) => gateway?.realized === last.at);
});

test("pieces that are refused are problems by name, until they are put right", async () => {
  const unreadable = { type: "port", key: "vm-3", body: { segment: "web", mac: "nonsense", tep: "10.99.3.248" } };
  first.tell({ upserts: [unreadable, port("vm-4", "10.0.0.1", "02:00:00:00:03:0d")] });
  const { at, problems } = await known(first, "there are problems", (now) => now.problems.length === 2);
  expect(problems.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: "port/vm-3", version: at, why: expect.stringContaining("mac") },
    { id: "port/vm-4", version: at, why: 'endpoints[2].ip: is not in its segment (is "10.0.0.1")' },
  ]);
  await known(first, "the rest is realized", ({ gateway }) => gateway?.realized === at);
  const { startedAt } = (await known(first, "it reports", ({ gateway }) => gateway)).gateway ?? {};
  await pcgd.stop();
  pcgd = told.startPcgd();
  await known(
    first,
    "it is realized anew, and the problems are known",
    (now) => now.gateway?.startedAt !== startedAt && now.gateway?.realized === at && now.problems.length === 2,
  );
  const silent = first.reports().filter((now) => now.gateway?.realized === at && now.problems.length < 2);
  expect(silent).toEqual([]);
  first.tell({ deletes: ["port/vm-3", "port/vm-4"] });
  await known(first, "there are none", (now) => now.problems.length === 0);
});

test("when the first controller is killed the state comes from the second, and the reports go on", async () => {
  expect((await told.status()).controller).toEqual({
    id: "ccp",
    state: { address: "127.0.0.1:1235", connected: true, lost: null },
    reports: ["127.0.0.1:1235", "127.0.0.2:1235"].map((address) => ({ address, connected: true, lost: null })),
  });
  await first.stop();
  second.tell({ upserts: [port("vm-6", "192.168.100.6", "02:00:00:00:03:0e")] });
  await known(second, "it is realized", ({ at, gateway }) => gateway?.realized === at);
  expect((await told.status()).controller).toMatchObject({
    state: { address: "127.0.0.2:1235", connected: true },
    reports: [
      { address: "127.0.0.1:1235", connected: false },
      { address: "127.0.0.2:1235", connected: true },
    ],
  });
});

test("a gateway that is gone is known as it was", async () => {
  const { gateway } = await known(second, "it is there", ({ connected }) => connected);
  await pcgd.stop();
  const after = await known(second, "it is gone", ({ connected }) => !connected);
  expect(after.gateway).toEqual(gateway);
  expect(after.leases).toHaveLength(1);
});
