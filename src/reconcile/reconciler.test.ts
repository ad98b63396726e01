import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { FakeKernel } from "../kernel/fake.ts";
import { FORWARDING, type KernelObject } from "../model/kernel-object.ts";
import { keyOf } from "../model/object-text.ts";
import { Reconciler } from "./reconciler.ts";

const quiet = { info() {}, warn() {}, error() {} };
const table: KernelObject = { kind: "nft-table" };
const counter: KernelObject = { kind: "nft-counter", name: "drop-NOT_ALLOWED" };
const gate: KernelObject = { kind: "sysctl", name: FORWARDING, value: "1", restore: "0" };
const neighbour: KernelObject = {
  kind: "neighbour",
  link: "overlay0",
  address: "169.254.1.1",
  mac: "02:00:00:00:00:fe",
};

function reconciler() {
  const kernel = new FakeKernel();
  const clock = new VirtualClock();
  return { kernel, clock, it: new Reconciler(kernel, clock, quiet) };
}
const turns = async () => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

test("Reconciler realizes a wish, opening forwarding last, and then rests", async () => {
  const { kernel, it } = reconciler();
  await it.wish(7, [gate, counter, table, neighbour]);
  expect(kernel.told).toMatchInlineSnapshot(`
    [
      "add table ip pcg",
      "add counter drop-NOT_ALLOWED",
      "add neighbour 169.254.1.1 lladdr 02:00:00:00:00:fe dev overlay0 nud permanent",
      "add sysctl net/ipv4/ip_forward=1",
    ]
  `);
  await it.wish(8, [gate, counter, table, neighbour]);
  expect(kernel.told).toHaveLength(4);
  expect(it.report()).toMatchObject({ wished: 8, realized: 8 });
});

test("Reconciler over a kernel that is as wished changes nothing", async () => {
  const { kernel, clock, it } = reconciler();
  await it.wish(1, [table, counter, gate]);
  const told = kernel.told.length;
  await new Reconciler(kernel, clock, quiet).wish(1, [table, counter, gate]);
  expect(kernel.told).toHaveLength(told);
});

test("Reconciler keeps forwarding off while a guard is refused or does not read back, and tries again", async () => {
  const { kernel, clock, it } = reconciler();
  kernel.forgets.add("nft-counter/drop-NOT_ALLOWED");
  await it.wish(1, [table, counter, gate]);
  expect(kernel.told).not.toContain("add sysctl net/ipv4/ip_forward=1");
  expect(it.report().lastError).toContain("forwarding stays off");
  kernel.forgets.clear();
  clock.advance(1_000);
  await turns();
  expect(kernel.told.at(-1)).toBe("add sysctl net/ipv4/ip_forward=1");
  expect(it.report()).toMatchObject({ realized: 1, lastError: null });
});

test("Reconciler does the rest when one step is refused, and says which", async () => {
  const { kernel, it } = reconciler();
  kernel.refuses.add("neighbour/overlay0/169.254.1.1");
  await it.wish(3, [neighbour, table, counter]);
  expect(kernel.objects.size).toBe(2);
  const bad = it.report().objects.filter((o) => o.state === "error");
  expect(bad).toEqual([
    { key: "neighbour/overlay0/169.254.1.1", state: "error", message: "refused neighbour/overlay0/169.254.1.1" },
  ]);
  expect(it.report().realized).toBeNull();
});

test("Reconciler puts back what someone else took away", async () => {
  const { kernel, clock, it } = reconciler();
  await it.wish(1, [table, counter, gate]);
  kernel.disturb((objects) => objects.delete("nft-counter/drop-NOT_ALLOWED"));
  clock.advance(100);
  await turns();
  expect(kernel.objects.has("nft-counter/drop-NOT_ALLOWED")).toBe(true);
});

test("Reconciler puts back what someone else took away while a pass ran", async () => {
  const { kernel, clock, it } = reconciler();
  await it.wish(1, [table, counter, gate]);
  const { apply } = kernel;
  const held = Promise.withResolvers<void>();
  Object.assign(kernel, { apply: (steps: Parameters<typeof apply>[0]) => held.promise.then(() => apply(steps)) });
  const passing = it.wish(2, [table, gate, { ...counter, name: "drop-OTHER" } as typeof counter]);
  await turns();
  kernel.disturb((objects) => objects.delete(keyOf(table)));
  clock.advance(100);
  held.resolve();
  await passing;
  await turns();
  expect(kernel.objects.has(keyOf(table))).toBe(true);
});

test("Reconciler warns by name of what somebody else did to the kernel, and not of its own", async () => {
  const warnings: unknown[] = [];
  const kernel = new FakeKernel();
  const clock = new VirtualClock();
  const log = { ...quiet, warn: (text: string, facts: unknown) => void warnings.push([text, facts]) };
  const it = new Reconciler(kernel, clock, log);
  const counters = Array.from({ length: 9 }, (_, n): KernelObject => ({ kind: "nft-counter", name: `c${n}` }));
  await it.wish(1, [gate, ...counters, table]);
  await it.wish(2, [gate, ...counters, table, neighbour]);
  clock.advance(60_000);
  await turns();
  expect(warnings).toEqual([]);
  kernel.objects.delete("nft-table");
  for (const { name } of counters as { name: string }[]) kernel.objects.delete(`nft-counter/${name}`);
  kernel.objects.set(`sysctl/${FORWARDING}`, { ...gate, value: "7" } as KernelObject);
  clock.advance(60_000);
  await turns();
  expect(warnings).toEqual([
    [
      "somebody else has removed what is ours in the kernel",
      {
        count: 10,
        objects: ["nft-table", "nft-counter/c0", "nft-counter/c1", "nft-counter/c2", "nft-counter/c3"],
      },
    ],
    ["somebody else has changed what is ours in the kernel", { count: 1, objects: [`sysctl/${FORWARDING}`] }],
  ]);
});
