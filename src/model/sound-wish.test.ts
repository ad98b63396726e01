import { expect, test } from "vitest";
import { checkDesired } from "./check.ts";
import type { RuntimePiece } from "./runtime.ts";
import { soundWish } from "./sound-wish.ts";

const segment = (id: string, vni: number, gateway: string): RuntimePiece => ({
  type: "segment",
  body: { id, name: id, vni, gateway },
});
const port = (ip: string, mac: string): RuntimePiece => ({
  type: "port",
  body: { segment: "web", mac, ip, tep: "10.99.3.248" },
});
const web = segment("web", 9096, "192.168.100.1/24");
const good: Record<string, RuntimePiece> = {
  "segment/web": web,
  "tep/1": { type: "tep", body: { address: "10.99.3.248" } },
  "port/m": port("192.168.100.3", "02:00:00:00:00:03"),
  "route/1": { type: "route", body: { list: "uplink", prefix: "0.0.0.0/0" } },
  "dhcp/web": {
    type: "dhcp",
    body: { id: "web", segment: "web", ranges: [{ first: "192.168.100.10", last: "192.168.100.20" }] },
  },
};
const none = new Map<string, RuntimePiece>();

const wish = (pieces: Record<string, RuntimePiece>, before: ReadonlyMap<string, RuntimePiece> = none) =>
  soundWish(new Map(Object.entries(pieces)), { generation: 1, check: checkDesired, before });

test("soundWish takes what is sound as it is", () => {
  const { pieces, refused, want } = wish(good);
  expect([...pieces.keys()]).toEqual(Object.keys(good));
  expect([refused.size, want.endpoints]).toEqual([0, [port("192.168.100.3", "02:00:00:00:00:03").body]]);
});

test.each<{ what: string; more: Record<string, RuntimePiece>; refused: string; why: string }>([
  {
    what: "a port in no segment's network",
    more: { "port/z": port("10.0.0.1", "02:00:00:00:00:09") },
    refused: "port/z",
    why: "endpoints[1].ip: is not in its segment",
  },
  {
    what: "a port with another's address, though the other is named later",
    more: { "port/a": port("192.168.100.3", "02:00:00:00:00:09") },
    refused: "port/a",
    why: "is already taken by endpoints[0].ip",
  },
  {
    what: "a segment over another",
    more: { "segment/a": segment("a", 9097, "192.168.100.129/25") },
    refused: "segment/a",
    why: "overlaps segments[0]",
  },
  {
    what: "a route over a segment",
    more: { "route/2": { type: "route", body: { list: "static", prefix: "192.168.0.0/16" } } },
    refused: "route/2",
    why: "a route overlaps a segment",
  },
  {
    what: "a rule with ports of icmp",
    more: {
      "rule/1": {
        type: "rule",
        body: {
          section: "s",
          order: [0, 0],
          id: "r",
          action: "DROP",
          services: [{ protocol: "icmp", sourcePorts: "1" }],
        },
      },
    },
    refused: "rule/1",
    why: "icmp has no ports",
  },
])("soundWish leaves out $what, and does the rest", ({ more, refused, why }) => {
  const before = wish(good);
  const after = wish({ ...good, ...more }, before.pieces);
  expect(after.want).toEqual(before.want);
  expect([...after.refused]).toEqual([[refused, expect.stringContaining(why)]]);
});

test("soundWish leaves a piece as it was when what it was changed to is bad", () => {
  const before = wish(good);
  const after = wish({ ...good, "port/m": port("10.0.0.1", "02:00:00:00:00:03") }, before.pieces);
  expect(after.want).toEqual(before.want);
  expect([...after.refused.keys()]).toEqual(["port/m"]);
});

test("soundWish goes on until what depended on a refused piece is out as well", () => {
  const after = wish({ ...good, "segment/web": segment("web", 9096, "192.168.100.1/32") });
  expect(after.want).toMatchObject({ segments: [], endpoints: [] });
  expect([...after.refused.keys()].toSorted()).toEqual(["port/m", "segment/web"]);
});
