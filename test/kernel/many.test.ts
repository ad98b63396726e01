import { afterAll, beforeAll, expect, test } from "vitest";
import { kernelObjects } from "../../src/datapath/pipeline.ts";
import type { DesiredState } from "../../src/model/desired.ts";
import { unitOf } from "../../src/model/unit-of.ts";
import { formatIpv4, Ipv4 } from "../../src/net/ipv4.ts";
import { macOfBytes } from "../../src/net/mac.ts";
import { pass } from "../../src/reconcile/pass.ts";
import { byKey, plan } from "../../src/reconcile/plan.ts";
import { startUnit } from "./unit-bench.ts";

const MANY = 10_000;

let unit: Awaited<ReturnType<typeof startUnit>>;
beforeAll(async () => {
  unit = await startUnit();
});
afterAll(() => unit.stop());

/** Ten thousand endpoints, each with an Elastic IP of its own. */
const wish = (): DesiredState => {
  const all = Array.from({ length: MANY }, (_, n) => n);
  const at = (base: number, n: number) => formatIpv4(Ipv4(base + n));
  return {
    generation: 1,
    segments: [{ id: "web", name: "web", vni: 9096, gateway: "172.16.0.1/16" }],
    teps: [{ address: "10.99.3.248" }],
    endpoints: all.map((n) => ({
      segment: "web",
      mac: macOfBytes(Uint8Array.of(2, 0, 0, 1, n >> 8, n & 255)),
      ip: at(0xac100100, n),
      tep: "10.99.3.248",
    })),
    tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }] },
    elasticIps: all.map((n) => ({
      address: at(0xc6120000, n),
      secondary: { a: at(0x0a640000, n) },
      overlayIp: at(0xac100100, n),
    })),
  };
};

test("ten thousand endpoints and Elastic IPs are realized, watched, read back equal, and removed", async () => {
  let told = 0;
  unit.door.watch(() => told++);
  const want = kernelObjects(wish(), unitOf(unit.config, await unit.door.interfaces()));
  const cold = await pass(unit.door, want, byKey(await unit.door.read())).catch((error) => {
    throw new Error(unit.said(), { cause: error });
  });
  expect(cold.failed).toEqual([]);
  const have = byKey(await unit.door.read());
  expect(have.size).toBe(want.length);
  expect(plan(want, have)).toEqual([]);
  expect((await pass(unit.door, [], have)).failed).toEqual([]);
  expect(await unit.door.read()).toEqual([]);
});
