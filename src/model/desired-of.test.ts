import fc from "fast-check";
import { expect, test } from "vitest";
import { checkDesired } from "./check.ts";
import { desiredOf, type RuntimePieces } from "./desired-of.ts";
import { type RuntimePiece, runtimeFlaws } from "./runtime.ts";

const tep = "10.99.3.248";
const binding = { ip: "192.168.100.9", mac: "02:00:00:00:03:0b" };
const pieces: Record<string, RuntimePiece> = {
  "tep/1": { type: "tep", body: { address: tep, label: 7 } },
  "segment/web": { type: "segment", body: { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" } },
  "dhcp/web": {
    type: "dhcp",
    body: { id: "web", segment: "web", ranges: [{ first: "192.168.100.10", last: "192.168.100.99" }] },
  },
  "binding/1": { type: "binding", body: { segment: "web", ...binding } },
  "port/1": {
    type: "port",
    body: { segment: "web", mac: "02:00:00:00:03:0a", ip: "192.168.100.3", tep, name: "vm-1 eth0", node: "vm-1" },
  },
  "route/1": { type: "route", body: { list: "uplink", prefix: "0.0.0.0/0" } },
  "route/2": {
    type: "route",
    body: { list: "static", prefix: "172.16.0.0/12", via: "10.99.3.1", interface: "downlink" },
  },
  "underlay/1": { type: "underlay", body: { prefix: "10.99.0.0/16", mode: "snat" } },
  "eip/1": {
    type: "eip",
    body: { address: "203.0.113.10", secondary: { a: "10.99.1.20" }, overlayIp: "192.168.100.3" },
  },
  "eip/2": { type: "eip", body: { address: "203.0.113.11", secondary: { a: "10.99.1.21" } } },
  "group/friends": { type: "group", body: { addresses: ["198.51.100.0/24", "198.51.101.1/32"] } },
  "group/nobody": { type: "group", body: { addresses: [] } },
  "member/friends|vm-1": {
    type: "member",
    body: { group: "friends", addresses: ["192.168.100.3", "198.51.101.1/32"] },
  },
  "member/strangers|vm-1": { type: "member", body: { group: "strangers", addresses: ["192.168.100.3"] } },
  "policy/p": {
    type: "policy",
    body: { order: 1, rules: [{ id: "p.r", action: "DROP", direction: "IN", sourceGroups: ["friends"] }] },
  },
  "guard/vm-1": { type: "guard", body: { node: "vm-1", policies: ["p"] } },
  "rule/second": { type: "rule", body: { section: "s", order: [0, 2], id: "second", action: "DROP" } },
  "rule/first": {
    type: "rule",
    body: { section: "s", order: [0, 1], id: "first", action: "ALLOW", sourceGroups: ["friends", "nobody"] },
  },
  "rule/none": {
    type: "rule",
    body: { section: "s", order: [0, 0], id: "none", action: "ALLOW", destinationGroups: ["nobody", "unknown"] },
  },
  "rule/before": { type: "rule", body: { section: "before", order: [1, 9], id: "before", action: "ALLOW" } },
  "nat/1": { type: "nat", body: { id: "no", action: "NO_SNAT", sourceNetwork: "192.168.100.0/24" } },
  "gateway/g": {
    type: "gateway",
    body: { mssClamp: 1400, pat: { address: "203.0.113.11", ports: { a: "1024-9999" } } },
  },
};
const all: RuntimePieces = new Map(Object.entries(pieces));

test("desiredOf puts the pieces together", () => {
  expect(desiredOf(all, 5)).toEqual({
    generation: 5,
    segments: [pieces["segment/web"]?.body],
    teps: [{ address: tep, label: 7 }],
    endpoints: [{ segment: "web", mac: "02:00:00:00:03:0a", ip: "192.168.100.3", tep }],
    tier0: {
      uplinkRoutes: [{ prefix: "0.0.0.0/0" }],
      staticRoutes: [{ prefix: "172.16.0.0/12", via: "10.99.3.1", interface: "downlink" }],
      underlay: [{ prefix: "10.99.0.0/16", mode: "snat" }],
      mssClamp: 1400,
    },
    elasticIps: [pieces["eip/1"]?.body, pieces["eip/2"]?.body],
    pat: { address: "203.0.113.11", ports: { a: "1024-9999" } },
    nat: [pieces["nat/1"]?.body],
    firewall: [
      {
        id: "s",
        rules: [
          { id: "first", action: "ALLOW", sources: ["198.51.100.0/24", "198.51.101.1/32", "192.168.100.3"] },
          { id: "second", action: "DROP" },
        ],
      },
      { id: "before", rules: [{ id: "before", action: "ALLOW" }] },
    ],
    dhcp: [{ ...pieces["dhcp/web"]?.body, bindings: [binding] }],
  });
});

test("what desiredOf makes of sound pieces is sound, and the same in whatever order they came", () => {
  for (const { type, body } of all.values()) expect(runtimeFlaws(type, body)).toEqual([]);
  const whole = desiredOf(all, 5);
  expect(checkDesired(whole)).toEqual({ ok: true, value: whole });
  fc.assert(
    fc.property(fc.shuffledSubarray([...all], { minLength: all.size }), (shuffled) => {
      expect(desiredOf(new Map(shuffled), 5)).toEqual(whole);
    }),
  );
});

test("desiredOf nothing is a gateway that does nothing, and sound", () => {
  expect(checkDesired(desiredOf(new Map(), 0))).toMatchObject({ ok: true });
});

test.each<[string, unknown, string]>([
  ["port", { segment: "web", mac: "02:00:00:00:03:0a", tep: "10.99.3.300" }, "tep"],
  ["rule", { section: "s", order: [1], id: "r", action: "ALLOW" }, "order"],
  ["dhcp", { id: "web", segment: "web", ranges: [], bindings: [] }, "bindings"],
  ["group", { addresses: ["everything"] }, "addresses[0]"],
  ["gateway", null, ""],
  ["vlan", {}, "type"],
])("runtimeFlaws names the field of a bad %s", (type, body, field) => {
  expect(runtimeFlaws(type, body).map((flaw) => flaw.field)).toContain(field);
});
