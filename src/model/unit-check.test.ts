import { expect, test } from "vitest";
import { aUnit } from "../../test/unit-fixture.ts";
import { checkDesired } from "./check.ts";
import type { DesiredState } from "./desired.ts";
import { formatFlaw } from "./flaw.ts";
import type { RuntimePiece } from "./runtime.ts";
import { soundWish } from "./sound-wish.ts";
import { unitFlaws } from "./unit-check.ts";

const good: Record<string, RuntimePiece> = {
  "segment/web": { type: "segment", body: { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" } },
  "tep/1": { type: "tep", body: { address: "10.99.3.248" } },
  "eip/1": { type: "eip", body: { address: "203.0.113.10", secondary: { a: "10.99.1.20", b: "10.99.1.10" } } },
  "route/1": { type: "route", body: { list: "uplink", prefix: "0.0.0.0/0", via: "10.99.1.1" } },
};
const check = (want: DesiredState) => {
  const checked = checkDesired(want);
  const flaws = checked.ok ? unitFlaws(want, aUnit) : checked.flaws;
  return flaws.length > 0 ? { ok: false as const, flaws } : { ok: true as const, value: want };
};
const wish = (pieces: Record<string, RuntimePiece>, before: ReadonlyMap<string, RuntimePiece> = new Map()) =>
  soundWish(new Map(Object.entries(pieces)), { generation: 1, check, before });

const HOP = "take a router's address, or leave it out for the VPC router";

test.each<{ name: string; piece: RuntimePiece; says: string }>([
  {
    name: "segment/wide",
    piece: { type: "segment", body: { id: "wide", name: "wide", vni: 9097, gateway: "10.99.0.1/22" } },
    says: `segments[1].gateway: overlaps unit a's own subnet 10.99.1.0/24 on uplink0; take another network (is "10.99.0.1/22")`,
  },
  {
    name: "tep/2",
    piece: { type: "tep", body: { address: "10.99.3.44" } },
    says: `teps[1].address: is unit a's own, its tunnel endpoint; take the machine's address in the VPC (is "10.99.3.44")`,
  },
  {
    name: "eip/2",
    piece: { type: "eip", body: { address: "10.99.1.10", secondary: { a: "10.99.1.21" } } },
    says: `elasticIps[1].address: is unit a's own, on its uplink; take the public address that the cloud gave (is "10.99.1.10")`,
  },
  {
    name: "eip/2",
    piece: { type: "eip", body: { address: "203.0.113.11", secondary: { a: "10.99.2.10" } } },
    says: `elasticIps[1].secondary.a: is unit a's own, on its management interface; take a secondary private address of the unit's uplink (is "10.99.2.10")`,
  },
  {
    name: "route/2",
    piece: { type: "route", body: { list: "static", prefix: "172.31.0.0/16", via: "10.99.1.10" } },
    says: `tier0.staticRoutes[0].via: is unit a's own, on its uplink; ${HOP} (is "10.99.1.10")`,
  },
  {
    name: "route/2",
    piece: { type: "route", body: { list: "static", prefix: "172.31.0.0/16", via: "10.99.1.255" } },
    says: `tier0.staticRoutes[0].via: is the broadcast address on uplink0; ${HOP} (is "10.99.1.255")`,
  },
  {
    name: "underlay/1",
    piece: { type: "underlay", body: { prefix: "172.31.0.0/16", mode: "routed", via: "10.99.3.0" } },
    says: `tier0.underlay[0].via: is the network's own address on downlink0; ${HOP} (is "10.99.3.0")`,
  },
])("unitFlaws put one piece out, and the rest goes on: $says", ({ name, piece, says }) => {
  const before = wish(good);
  expect([...before.refused]).toEqual([]);
  const after = wish({ ...good, [name]: piece }, before.pieces);
  expect([...after.refused]).toEqual([[name, says]]);
  expect(after.want).toEqual(before.want);
});

test("unitFlaws put out what was taken before the unit was known", () => {
  const all = { ...good, "tep/2": { type: "tep", body: { address: "10.99.3.44" } } satisfies RuntimePiece };
  const early = soundWish(new Map(Object.entries(all)), { generation: 1, check: checkDesired, before: new Map() });
  expect([...early.refused]).toEqual([]);
  const late = wish(all, early.pieces);
  expect([...late.refused.keys()]).toEqual(["tep/2"]);
  expect(late.want.teps).toEqual([{ address: "10.99.3.248" }]);
});

test("unitFlaws leave another unit's secondary addresses to that one", () => {
  const want = wish(good).want;
  expect(unitFlaws(want, { ...aUnit, name: "b" }).map(formatFlaw)).toEqual([
    `elasticIps[0].secondary.b: is unit b's own, on its uplink; take a secondary private address of the unit's uplink (is "10.99.1.10")`,
  ]);
});
