import { expect, test } from "vitest";
import { ownUnit } from "../../test/unit-fixture.ts";
import { textOf } from "../model/object-text.ts";
import { nftObjects, nftTallies } from "./nft-listing.ts";

/** As libnftables 1.0.6 lists a small table of ours. */
const listing = JSON.stringify({
  nftables: [
    { metainfo: { version: "1.0.6", json_schema_version: 1 } },
    { table: { family: "ip", name: "pcg", handle: 1 } },
    { counter: { family: "ip", name: "drop-NOT_ALLOWED", table: "pcg", handle: 4, packets: 7, bytes: 420 } },
    {
      set: {
        family: "ip",
        name: "segments",
        table: "pcg",
        type: "ipv4_addr",
        flags: ["interval"],
        elem: [{ prefix: { addr: "192.168.100.0", len: 24 } }, "10.0.0.1", { range: ["10.0.0.3", "10.0.0.9"] }],
      },
    },
    {
      set: {
        family: "ip",
        name: "nat-counters",
        table: "pcg",
        type: ["ct_dir", "mark"],
        elem: [{ elem: { val: { concat: ["reply", 42] }, counter: { packets: 3, bytes: 180 } } }],
        stmt: [{ counter: null }],
      },
    },
    {
      map: {
        family: "ip",
        name: "dnat",
        table: "pcg",
        type: ["ipv4_addr", "inet_proto", "inet_service"],
        map: "ipv4_addr . inet_service",
        flags: ["interval"],
        elem: [[{ concat: ["10.1.0.1", "tcp", { range: [80, 90] }] }, { concat: ["1.1.1.1", 8080] }]],
      },
    },
    {
      map: { family: "ip", name: "dnat-mark", table: "pcg", type: "ipv4_addr", map: "mark", elem: [["10.1.0.1", 255]] },
    },
    {
      chain: { family: "ip", table: "pcg", name: "forward", type: "filter", hook: "forward", prio: 0, policy: "drop" },
    },
    { chain: { family: "ip", table: "pcg", name: "empty" } },
    { rule: { family: "ip", table: "pcg", chain: "forward", handle: 9, comment: "#aabbccddeeff", expr: [] } },
    { rule: { family: "ip", table: "pcg", chain: "forward", handle: 10, expr: [{ accept: null }] } },
  ],
});

test("nftObjects reads a listing as the objects it was made of, and an untagged rule as nobody's", () => {
  expect(nftObjects(listing, ownUnit).map(textOf)).toEqual([
    "table ip pcg",
    "counter drop-NOT_ALLOWED",
    "set segments { type ipv4_addr flags interval }",
    "element segments { 192.168.100.0/24 }",
    "element segments { 10.0.0.1 }",
    "element segments { 10.0.0.3-10.0.0.9 }",
    "set nat-counters { type ct_dir . mark counter }",
    "element nat-counters { reply . 0x0000002a }",
    "map dnat { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service flags interval }",
    "element dnat { 10.1.0.1 . tcp . 80-90 : 1.1.1.1 . 8080 }",
    "map dnat-mark { type ipv4_addr : mark }",
    "element dnat-mark { 10.1.0.1 : 0x000000ff }",
    "base chain forward\n  #000000000000\n  #aabbccddeeff\n  #000000000000",
    "chain empty",
  ]);
  expect(nftObjects("", ownUnit)).toEqual([]);
});

test("nftTallies reads named counters and those of set elements", () => {
  const { named, elements } = nftTallies(listing);
  expect(named.get("drop-NOT_ALLOWED")).toEqual({ packets: 7, bytes: 420 });
  expect(elements.get("nat-counters")?.get("reply . 0x0000002a")).toEqual({ packets: 3, bytes: 180 });
});
