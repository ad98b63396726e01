import { expect, test } from "vitest";
import type { Position } from "../../lcp/position.ts";
import { ResourceId } from "../../lcp/resource.ts";
import { type GatewayReport, type RealizationWorld, realizationOf } from "./realization.ts";

const segment = ResourceId("segment", "web");
const dhcp = ResourceId("dhcp", "web");

function worldOf(reports: Record<string, GatewayReport>): RealizationWorld {
  const versions: Record<string, number> = { [segment]: 5, [dhcp]: 7 };
  return {
    since: 4 as Position,
    outputsOf: (path) => (path === "/infra/segments/web" ? [segment, dhcp].map((id) => ({ tier0: "t0", id })) : []),
    resource: ({ id }) => ({ type: "segment", key: "web", version: (versions[id] ?? 0) as Position, body: {} }),
    gatewaysOf: () => ["pcg-a", "pcg-b"],
    report: (gateway) => reports[gateway],
  };
}

const report = (
  realized: number | null,
  problems: [ResourceId, string][] = [],
  failing: string | null = null,
  wished = realized,
): GatewayReport => ({
  connected: true,
  wished: wished as Position | null,
  failing,
  realized: realized as Position | null,
  problems: new Map(problems),
});

test.each([
  ["both have all of it", report(7), report(9), "SUCCESS"],
  ["one has not come to the newest part", report(6), report(7), "IN_PROGRESS"],
  ["one was never heard", report(7), undefined, "UNINITIALIZED"],
  ["one is away, which had it", { ...report(7), connected: false }, report(7), "UNKNOWN"],
  ["one is away, and the other cannot do it", { ...report(7), connected: false }, report(7, [[dhcp, "no"]]), "ERROR"],
  ["one has not said", report(null), report(7), "UNINITIALIZED"],
  ["one cannot do a part of it", report(7, [[dhcp, "no"]]), report(7), "ERROR"],
  ["one says so before its kernel has the rest", report(6, [[dhcp, "no"]]), report(7), "ERROR"],
  ["one's kernel does not take it", report(6, [], "EPERM"), report(7), "ERROR"],
  ["one's kernel fails with what came later", report(7, [], "EPERM"), report(7), "SUCCESS"],
  ["the problem is another's", report(7, [[ResourceId("port", "x"), "no"]]), report(7), "SUCCESS"],
])("realizationOf an object: %s", (_, a, b, state) => {
  const world = worldOf({ "pcg-a": a, ...(b && { "pcg-b": b }) });
  expect(realizationOf("/infra/segments/web", world).state).toBe(state);
});

test.each([
  ["nobody has told it anything in this life of the store", report(99, [], null, 3), "IN_PROGRESS"],
  ["it was told, and its kernel has not got there yet", report(3, [], null, 9), "IN_PROGRESS"],
  ["it was told, and its kernel has got there", report(9), "SUCCESS"],
  ["its kernel fails with something else ever since", report(3, [], "EPERM", 9), "SUCCESS"],
])("realizationOf what was there before the manager started: %s", (_, a, state) => {
  const world = { ...worldOf({ "pcg-a": a }), gatewaysOf: () => ["pcg-a"] };
  const old = {
    ...world,
    resource: () => ({ type: "segment" as const, key: "web", version: 2 as Position, body: {} }),
  };
  expect(realizationOf("/infra/segments/web", old).state).toBe(state);
});

test("realizationOf names the gateway, the part and the reason", () => {
  const world = worldOf({ "pcg-a": report(7, [[dhcp, "overlaps"]]), "pcg-b": report(7) });
  expect(realizationOf("/infra/segments/web", world).enforcement).toEqual([
    { gateway: "pcg-a", connected: true, state: "ERROR", realized: 7, problems: [{ id: dhcp, why: "overlaps" }] },
    { gateway: "pcg-b", connected: true, state: "SUCCESS", realized: 7, problems: [] },
  ]);
});

test("realizationOf what nothing enforces is not SUCCESS", () => {
  expect(realizationOf("/infra/services/http", worldOf({}))).toEqual({ state: "UNINITIALIZED", enforcement: [] });
  const nobody = { ...worldOf({}), gatewaysOf: () => [] };
  expect(realizationOf("/infra/segments/web", nobody)).toEqual({ state: "UNINITIALIZED", enforcement: [] });
});

test.each(["/infra/domains/default/security-policies/web", "/infra/domains/default/security-policies/web/rules/ping"])(
  "realizationOf what gateways only pass on to agents is not SUCCESS, whatever gateways have: %s",
  (path) => {
    const world = {
      ...worldOf({ "pcg-a": report(9), "pcg-b": report(9) }),
      outputsOf: () => [{ tier0: "t0", id: ResourceId("policy", "web") }],
    };
    const its = realizationOf(path, world);
    expect([its.state, its.enforcement.map(({ state }) => state)]).toEqual(["UNINITIALIZED", ["SUCCESS", "SUCCESS"]]);
  },
);
