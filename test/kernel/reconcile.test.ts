import { afterAll, beforeAll, expect, test } from "vitest";
import { kernelObjects } from "../../src/datapath/pipeline.ts";
import { checkWish } from "../../src/dhcp/check-wish.ts";
import type { KernelObject } from "../../src/model/kernel-object.ts";
import { textOf } from "../../src/model/object-text.ts";
import { subjectOf } from "../../src/model/step.ts";
import type { Unit } from "../../src/model/unit.ts";
import { unitOf } from "../../src/model/unit-of.ts";
import { pass } from "../../src/reconcile/pass.ts";
import { byKey, plan } from "../../src/reconcile/plan.ts";
import { everyKind } from "./every-kind.ts";
import { until } from "./namespace.ts";
import { startUnit } from "./unit-bench.ts";

let unit: Awaited<ReturnType<typeof startUnit>>;
let self: Unit;
beforeAll(async () => {
  unit = await startUnit();
  self = unitOf(unit.config, await unit.door.interfaces());
});
afterAll(() => unit.stop());

const texts = (objects: readonly KernelObject[]) => objects.map(textOf).toSorted();
const realize = async (want: readonly KernelObject[]) => pass(unit.door, want, byKey(await unit.door.read()));
const ruleset = () =>
  unit.namespace.run(
    "nft -s list ruleset; ip -4 rule; ip -4 route show table all; ip -d link; sysctl net.ipv4 2>/dev/null",
  );

test("a wish with every kind of object is good, is realized whole, and reads back equal", async () => {
  expect(checkWish(everyKind)).toMatchObject({ ok: true });
  const want = kernelObjects(everyKind, self);
  const { failed } = await realize(want);
  expect(failed.map((f) => `${textOf(subjectOf(f.step))}: ${f.message}`)).toEqual([]);
  expect(texts(await unit.door.read())).toEqual(texts(want));
  expect(unit.namespace.run("cat /proc/sys/net/ipv4/ip_forward").trim()).toBe("1");
});

test("a second pass, and one after pcg-kernel was killed and started again, change nothing", async () => {
  const want = kernelObjects(everyKind, self);
  const before = ruleset();
  expect((await realize(want)).done).toEqual([]);
  await unit.restart();
  expect((await realize(want)).done).toEqual([]);
  expect(ruleset()).toBe(before);
});

test("one Elastic IP more is only that, and one less takes only that away", async () => {
  const more = {
    ...everyKind,
    elasticIps: [
      ...(everyKind.elasticIps ?? []),
      { address: "203.0.113.13", secondary: { a: "10.99.1.23" }, overlayIp: "192.168.99.3" },
    ],
  };
  const steps = plan(kernelObjects(more, self), byKey(await unit.door.read()));
  expect(steps.map((s) => `${s.do} ${subjectOf(s).kind}`).toSorted()).toEqual([
    ...Array.from({ length: 6 }, () => "add bpf-entry"),
    "add nft-element",
    "add nft-element",
    "add nft-element",
    "add nft-element",
    "add nft-element",
    "add nft-element",
  ]);
  expect((await realize(kernelObjects(more, self))).failed).toEqual([]);
  expect((await realize(kernelObjects(everyKind, self))).failed).toEqual([]);
  expect(texts(await unit.door.read())).toEqual(texts(kernelObjects(everyKind, self)));
});

test("an element whose value changes, rules that change, and a set that goes are one transaction that works", async () => {
  const [first, ...others] = everyKind.elasticIps ?? [];
  if (!first) throw new Error("no Elastic IP in the wish");
  const moved = {
    ...everyKind,
    elasticIps: [{ ...first, overlayIp: "192.168.99.3" }, ...others],
    nat: (everyKind.nat ?? []).slice(3),
    firewall: [],
  };
  expect((await realize(kernelObjects(moved, self))).failed).toEqual([]);
  expect(texts(await unit.door.read())).toEqual(texts(kernelObjects(moved, self)));
});

test("what someone else flushes is put back", async () => {
  const want = kernelObjects(everyKind, self);
  await realize(want);
  unit.namespace.run(
    "nft flush chain ip pcg forward; nft add rule ip pcg input accept; ip rule del priority 10001; ip link del overlay0",
  );
  expect((await realize(want)).failed).toEqual([]);
  expect(texts(await unit.door.read())).toEqual(texts(want));
});

test.each(["nft delete table ip pcg", "ip rule del priority 10002", "ip link set overlay0 down"])(
  "watch tells when someone else does `%s`",
  async (command) => {
    const want = kernelObjects(everyKind, self);
    await realize(want);
    // For a tenth of a second after a change of its own, the door takes events to be its echo.
    await new Promise((resolve) => setTimeout(resolve, 300));
    let told = 0;
    const undo = unit.door.watch(() => told++);
    unit.namespace.run(command);
    await until("the door tells", () => told > 0);
    undo();
    expect((await realize(want)).failed).toEqual([]);
  },
);

test("the door refuses what is not the gateway's, by name, and does the rest", async () => {
  const foreign = [
    { kind: "address", link: "mgmt0", address: "10.99.2.99/24" },
    { kind: "sysctl", name: "net/ipv4/tcp_syncookies", value: "0", restore: "1" },
    { kind: "nft-chain", name: "x", rules: ["accept; flush ruleset"] },
    { kind: "nft-element", set: "segments", key: '1.2.3.4 } "' },
    { kind: "route", table: 100, prefix: "0.0.0.0/0", link: "lo" },
    { kind: "bpf-entry", map: "devices", key: "00000000", value: "000000000000000000000000" },
  ] as KernelObject[];
  const own: KernelObject = { kind: "nft-counter", name: "drop-TEST" };
  const results = await unit.door.apply([...foreign, own].map((object) => ({ do: "add", object })));
  expect(results.slice(0, -1).map((r) => r?.code)).toEqual(foreign.map(() => "KERNEL_NOT_OURS"));
  expect(results.at(-1)).toBeNull();
});

test("cleanup removes all that is ours and nothing else", async () => {
  unit.namespace.run("nft add table ip other; nft add chain ip other c; ip route add 10.55.0.0/16 dev mgmt0 table 100");
  await realize(kernelObjects(everyKind, self));
  const { failed } = await realize([]);
  expect(failed).toEqual([]);
  expect(await unit.door.read()).toEqual([]);
  expect(unit.namespace.run("nft list tables")).toBe("table ip other\n");
  expect(unit.namespace.run("ip route show table 100")).toContain("10.55.0.0/16");
  expect(unit.namespace.run("ip -br link")).not.toContain("overlay0");
  expect(unit.namespace.run("cat /proc/sys/net/ipv4/ip_forward").trim()).toBe("0");
});
