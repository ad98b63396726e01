import { expect, test } from "vitest";
import type { DesiredState } from "./desired.ts";
import { withLeases } from "./effective.ts";

const want: DesiredState = {
  generation: 1,
  segments: [],
  teps: [],
  endpoints: [
    { segment: "web", mac: "02:00:00:00:64:01", ip: "192.168.100.3", tep: "10.99.3.248" },
    { segment: "web", mac: "02:00:00:00:64:0A", tep: "10.99.3.251" },
  ],
  tier0: { uplinkRoutes: [] },
};
const addresses = (leases: { segment: string; mac: string; ip: string }[]) =>
  withLeases(want, leases).endpoints.map((e) => e.ip);

test("withLeases gives a NIC without an address that of its lease, however its MAC is written", () => {
  expect(addresses([{ segment: "web", mac: "02:00:00:00:64:0a", ip: "192.168.100.100" }])).toEqual([
    "192.168.100.3",
    "192.168.100.100",
  ]);
});

test.each([
  { why: "another segment's", lease: { segment: "app", mac: "02:00:00:00:64:0a", ip: "192.168.100.100" } },
  {
    why: "an address the wish gives to someone",
    lease: { segment: "web", mac: "02:00:00:00:64:0a", ip: "192.168.100.3" },
  },
  {
    why: "a lease of a NIC that has an address",
    lease: { segment: "web", mac: "02:00:00:00:64:01", ip: "192.168.100.9" },
  },
])("withLeases passes over $why", ({ lease }) => {
  expect(addresses([lease])).toEqual(["192.168.100.3", undefined]);
});
