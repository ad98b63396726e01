import { expect, test } from "vitest";
import { everyKind } from "../../test/kernel/every-kind.ts";
import { aUnit, ownUnit } from "../../test/unit-fixture.ts";
import { PcgError } from "../base/error.ts";
import { encodeKey, encodeValue } from "../datapath/bpf/layouts.ts";
import { kernelObjects } from "../datapath/pipeline.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { ownershipOf } from "./ownership.ts";

const judge = ownershipOf(ownUnit);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const chain = (...rules: unknown[]) => ({ kind: "nft-chain", name: "probe", rules });
const base = (name: string, ...rules: unknown[]) => ({ kind: "nft-base-chain", name, rules });
const canonical = (map: "canonical_in" | "canonical_out", from: string, to: string) => ({
  kind: "bpf-entry",
  map,
  key: hex(encodeKey(map, { address: parseIpv4(from) })),
  value: hex(encodeValue(map, { address: parseIpv4(to) })),
});

/** Why the door does not make this object. */
function whyRefused(object: unknown): unknown {
  try {
    judge({ do: "add", object });
  } catch (error) {
    if (error instanceof PcgError && error.code === "KERNEL_NOT_OURS") return error.detail["why"];
    throw error;
  }
  return undefined;
}

const NO_OBJECT = "is not an object of that kind";
const sysctl = (name: string, value: string, restore: string) => ({ kind: "sysctl", name, value, restore });
const route = (table: number, prefix: string, link: string, via?: string) =>
  via === undefined ? { kind: "route", table, prefix, link } : { kind: "route", table, prefix, link, via };
const rule = (priority: number, table: number, selector: object = {}) => ({
  kind: "rule",
  priority,
  table,
  ...selector,
});
const address = (text: string, link = "overlay0") => ({ kind: "address", link, address: text });
const element = (key: string, value?: string) => ({ kind: "nft-element", set: "elastic-dnat", key, value });

test("ownershipOf lets everything be made that a wish with every kind of object becomes", () => {
  const refused = kernelObjects(everyKind, aUnit).flatMap((o) => whyRefused(o) ?? []);
  expect(refused).toEqual([]);
});

test.each<[string, unknown, unknown]>([
  [
    "a sysctl by a path that leaves",
    sysctl("net/ipv4/../../kernel/core_pattern", "1", "1"),
    "is no setting of the gateway",
  ],
  ["a sysctl of nobody's", sysctl("net/ipv4/conf/all/route_localnet", "1", "0"), "is no setting of the gateway"],
  ["a sysctl at another value", sysctl("net/ipv4/conf/all/rp_filter", "5", "2"), "can be 0 or 2"],
  ["a route in the main table", route(254, "0.0.0.0/0", "mgmt0", "10.99.2.9"), NO_OBJECT],
  ["a route in a table of nobody's", route(150, "192.0.2.0/24", "overlay0"), "table 150 is not the gateway's"],
  ["a route to loopback", route(100, "1.2.3.4/32", "lo"), "nothing is forwarded to lo"],
  ["a route to management", route(100, "1.2.3.4/32", "mgmt0"), "nothing is forwarded to mgmt0"],
  [
    "a route for the metadata service",
    route(104, "169.254.169.254/32", "overlay0"),
    expect.stringContaining("link-local"),
  ],
  ["a route for management's subnet", route(100, "10.99.2.10/32", "overlay0"), "is in 10.99.2.0/24, management's"],
  ["another router for management", route(103, "0.0.0.0/0", "mgmt0", "10.99.2.66"), "its router is 10.99.2.1"],
  ["management's subnet by another link", route(103, "10.99.2.0/24", "overlay0"), "that table is for mgmt0"],
  ["a rule before ours", rule(100, 104), NO_OBJECT],
  ["a rule for all", rule(10_999, 104), "selects by one of link, source and mark"],
  [
    "a rule for a link and a source",
    rule(10_999, 100, { link: "overlay0", from: "10.0.0.0/8" }),
    "selects by one of link, source and mark",
  ],
  [
    "a rule for what management receives",
    rule(10_999, 100, { link: "mgmt0" }),
    "what comes in to be forwarded asks the edge table",
  ],
  ["a rule for management's source", rule(10_001, 104, { from: "10.99.2.10/32" }), "10.99.2.10 is this unit's own"],
  [
    "a rule for sources around ours",
    rule(10_001, 104, { from: "10.0.0.0/8" }),
    expect.stringContaining("is this unit's own"),
  ],
  ["a rule for every source", rule(10_001, 104, { from: "0.0.0.0/0" }), expect.stringContaining("is this unit's own")],
  ["a rule for another mark", rule(10_001, 104, { mark: 1 }), "no packet of ours has that mark"],
  ["an address of the metadata service", address("169.254.169.254/32"), expect.stringContaining("link-local")],
  ["an address of loopback", address("127.0.0.2/8"), expect.stringContaining("loopback")],
  ["an address in management's subnet", address("10.99.2.99/24"), expect.stringContaining("10.99.2.0/24")],
  ["an address on management", address("1.2.3.4/32", "mgmt0"), "is not on overlay0"],
  [
    "a neighbour of somebody's",
    { kind: "neighbour", link: "overlay0", address: "10.0.0.1", mac: "02:00:00:00:00:01" },
    "the one neighbour is 169.254.1.1",
  ],
  [
    "another veth pair",
    { kind: "veth-pair", name: "evil0", peer: "evil1", mac: "02:00:00:00:00:01", mtu: 1500 },
    "is another link than the gateway's",
  ],
  ["a limit on management", { kind: "gro-limit", link: "mgmt0", bytes: 1500 }, "is another link's"],
  [
    "a program on loopback",
    { kind: "bpf-program", link: "lo", direction: "ingress", place: 0, program: "uplink_ingress" },
    "is not where that program goes",
  ],
  [
    "a program on management",
    { kind: "bpf-program", link: "mgmt0", direction: "ingress", place: 0, program: "uplink_ingress" },
    "is not where that program goes",
  ],
  [
    "the flow cache",
    { kind: "bpf-entry", map: "flows", key: "00", value: "00" },
    "flows is no map that holds what is wished",
  ],
  [
    "a map by a name of objects'",
    { kind: "bpf-entry", map: "constructor", key: "", value: "" },
    "constructor is no map that holds what is wished",
  ],
  [
    "the uplink's own address as a secondary",
    canonical("canonical_in", "10.99.1.10", "203.0.113.10"),
    "10.99.1.10 is this unit's own",
  ],
  [
    "an Elastic IP that is management's address",
    canonical("canonical_in", "10.99.1.20", "10.99.2.10"),
    "10.99.2.10 is this unit's own",
  ],
  [
    "an Elastic IP that is the metadata service",
    canonical("canonical_out", "169.254.169.254", "10.99.1.20"),
    expect.stringContaining("169.254.0.0/16"),
  ],
  [
    "DNAT in a map to the metadata service",
    element("203.0.113.10", "169.254.169.254"),
    expect.stringContaining("link-local"),
  ],
  ["DNAT in a map to management", element("203.0.113.10", "10.99.2.10 . 22"), "10.99.2.10 is this unit's own"],
  [
    "DNAT in a map to a range around it",
    element("203.0.113.10", "10.99.2.1-10.99.2.20"),
    "10.99.2.10 is this unit's own",
  ],
  ["an element that closes its braces", element('1.2.3.4 } "'), NO_OBJECT],
  ["an element with a variable", element("$x"), NO_OBJECT],
  ["an element with a host's name", element("example"), NO_OBJECT],
  [
    "a set of a type that is a command",
    { kind: "nft-set", name: "s", key: ["ipv4_addr } } add table inet evil {"], interval: false, counter: false },
    NO_OBJECT,
  ],
  ["an object of a kind of objects'", { kind: "__proto__", name: "x" }, NO_OBJECT],
  ["a rule that is text", chain("ip daddr 192.0.2.99 queue num 5"), NO_OBJECT],
  ["a rule that is a tag", chain("#aabbccddeeff"), "is only the name of a rule"],
  ["a rule with a second line", chain([{ do: "jump", chain: "x\nadd table inet evil" }]), NO_OBJECT],
  ["a rule with a NUL", chain([{ do: "jump", chain: "x\0" }]), NO_OBJECT],
  ["a rule with a quotation mark", chain([{ do: "log", prefix: 'a" accept', perSecond: 1 }]), NO_OBJECT],
  ["a log without a limit", chain([{ do: "log", prefix: "x" }]), NO_OBJECT],
  [
    "a log before a verdict",
    chain([{ do: "log", prefix: "x", perSecond: 1 }, { do: "drop" }]),
    "nothing can follow log",
  ],
  ["queue", chain([{ do: "queue", num: 5 }]), NO_OBJECT],
  ["dup", chain([{ do: "dup", to: "192.168.100.3" }]), NO_OBJECT],
  ["redirect", chain([{ do: "redirect", to: "22" }]), NO_OBJECT],
  ["writing an address", chain([{ do: "set ip saddr", to: "10.99.2.1" }]), NO_OBJECT],
  ["what only fixed chains say", chain([{ do: "notrack" }]), NO_OBJECT],
  ["loopback in a rule", chain([{ if: "iifname", is: ["lo"] }, { do: "drop" }]), "lo is no interface of this gateway"],
  [
    "DNAT to the metadata service",
    chain([{ do: "dnat", to: "169.254.169.254" }]),
    expect.stringContaining("link-local"),
  ],
  ["DNAT to loopback", chain([{ do: "dnat", to: "127.0.0.1" }]), expect.stringContaining("loopback")],
  ["DNAT to the unit", chain([{ do: "dnat", to: "10.99.1.10" }]), "10.99.1.10 is this unit's own"],
  ["SNAT to the uplink's own address", chain([{ do: "snat", to: "10.99.1.10" }]), "10.99.1.10 is this unit's own"],
  [
    "DNAT of a network onto management's",
    chain([{ do: "dnat", from: "198.18.0.0/24", into: "10.99.2.0/24" }]),
    "10.99.2.10 is this unit's own",
  ],
  ["an output chain", base("output", [{ do: "accept" }]), NO_OBJECT],
  [
    "a hook of one's own",
    { ...base("forward"), hook: { type: "nat", at: "output", priority: -100, policy: "accept" } },
    NO_OBJECT,
  ],
  ["rules in the input chain", base("input", [{ do: "drop" }]), "takes no rules"],
  ["rules in the untracked chain", base("untracked-out", [{ do: "drop" }]), "takes no rules"],
  [
    "a chain by the name of a base chain",
    { kind: "nft-chain", name: "input", rules: [] },
    "is the name of a base chain",
  ],
])("ownershipOf refuses %s", (_name, object, why) => {
  // As it comes through the socket: what is undefined is not there.
  expect(whyRefused(JSON.parse(JSON.stringify(object)))).toEqual(why);
});
