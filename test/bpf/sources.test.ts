import { afterAll, beforeAll, expect, test } from "vitest";
import type { MapKey, MapName, MapValue } from "../../src/datapath/bpf/layouts.ts";
import { downlinkSources } from "../../src/datapath/downlink/sources.ts";
import { uplinkSources } from "../../src/datapath/uplink/sources.ts";
import type { DesiredState } from "../../src/model/desired.ts";
import type { KernelObject } from "../../src/model/kernel-object.ts";
import { aUnit } from "../unit-fixture.ts";
import { type Bench, bench, sh } from "./harness.ts";
import { address, fromVm, furnish, net, tunnel } from "./network.ts";
import { ethernet, icmpPacket, udpPacket } from "./packets.ts";

/** Which sources each side believes, with the table that a desired state makes. */

let t: Bench;
const eip = "203.0.113.10";
const secondary = "10.99.1.20";
const internet = "198.51.100.10";
const vpcHost = "10.99.4.10";

const want: DesiredState = {
  generation: 1,
  segments: [{ id: "web", name: "web", vni: net.vni, gateway: `${net.gateway}/24` }],
  teps: [],
  endpoints: [],
  tier0: {
    uplinkRoutes: [{ prefix: "0.0.0.0/0" }, { prefix: "172.20.0.0/16" }],
    underlay: [{ prefix: "10.99.0.0/16", mode: "routed" }],
  },
  elasticIps: [{ address: eip, secondary: { a: secondary }, overlayIp: net.vm }],
};

function put(objects: readonly KernelObject[]): void {
  for (const o of objects) {
    if (o.kind !== "bpf-entry") continue;
    t.bpf.update(o.map as MapName, [
      [new Uint8Array(Buffer.from(o.key, "hex")), new Uint8Array(Buffer.from(o.value, "hex"))],
    ]);
  }
}

beforeAll(() => {
  t = bench();
  sh("ip link set lo up; ip link add overlay0 type veth peer name overlay0-in");
  furnish(t, { uplink: 15, downlink: 14, overlay: 3, overlayIn: 2 });
  put([...uplinkSources(want, aUnit), ...downlinkSources(want, aUnit)]);
  const one = <M extends MapName>(map: M, key: MapKey<M>, value: MapValue<M>) => t.put(map, key, value);
  one("canonical_in", address(secondary), address(eip));
});
afterAll(() => t.close());

const frame = (packet: Uint8Array) => ethernet({ to: "02:00:00:00:01:01", from: "02:00:00:00:01:02" }, packet);
const udp = (from: string, to: string) => udpPacket({ from, to, sport: 4_000, dport: 53 });
const error = (from: string, to: string, about: { from: string; to: string }, change = {}) =>
  icmpPacket({ from, to, type: 3, code: 4, ...change }, udp(about.from, about.to));

const outcome = (program: "uplink_ingress" | "downlink_ingress", bytes: Uint8Array) => {
  const { verdict, moved } = t.run(program, bytes);
  return verdict === "shot" ? Object.keys(moved).join() : "passed";
};
const uplink = (packet: Uint8Array) => outcome("uplink_ingress", frame(packet));
const downlink = (packet: Uint8Array) => outcome("downlink_ingress", frame(packet));

test.each([
  { from: vpcHost, what: "a VPC host", is: "UPLINK_NOT_INTERNET" },
  { from: "10.99.2.7", what: "a host on the management network", is: "UPLINK_NOT_INTERNET" },
  { from: "10.99.1.77", what: "a host on the uplink's subnet", is: "UPLINK_NOT_INTERNET" },
  { from: "10.99.1.1", what: "the VPC router on the uplink", is: "UPLINK_NOT_INTERNET" },
  { from: "169.254.169.254", what: "a link-local address", is: "UPLINK_NOT_INTERNET" },
  { from: "172.16.0.9", what: "a private address", is: "UPLINK_NOT_INTERNET" },
  { from: "100.64.0.9", what: "a carrier's private address", is: "UPLINK_NOT_INTERNET" },
  { from: "127.0.0.1", what: "this host", is: "UPLINK_NOT_INTERNET" },
  { from: "224.0.0.9", what: "a group", is: "UPLINK_NOT_INTERNET" },
  { from: net.vm, what: "an overlay address", is: "UPLINK_SPOOFED" },
  { from: "192.168.100.250", what: "an overlay address that no VM has", is: "UPLINK_SPOOFED" },
  { from: net.tep, what: "the unit's tunnel endpoint", is: "UPLINK_SPOOFED" },
  { from: "10.99.1.10", what: "the unit's uplink", is: "UPLINK_SPOOFED" },
  { from: eip, what: "the unit's Elastic IP", is: "UPLINK_SPOOFED" },
  { from: internet, what: "the Internet", is: "passed" },
  { from: "172.20.3.4", what: "a private prefix that a route sends out of the uplink", is: "passed" },
])("the uplink takes $what as a source: $is", ({ from, is }) => {
  expect(uplink(udp(from, secondary))).toBe(is);
});

test("the uplink takes DHCP's answers from its VPC router", () => {
  const answer = (sport: number) => udpPacket({ from: "10.99.1.1", to: "10.99.1.10", sport, dport: 68 });
  expect([67, 68].map((sport) => uplink(answer(sport)))).toEqual(["passed", "UPLINK_NOT_INTERNET"]);
});

const outgoing = { from: secondary, to: internet };
test.each([
  { from: internet, what: "the peer", is: "passed" },
  { from: "100.64.3.3", what: "a router with a private address", is: "passed" },
  { from: "10.99.1.1", what: "the VPC router", is: "passed" },
  { from: vpcHost, what: "a VPC host", is: "UPLINK_NOT_INTERNET" },
  { from: net.vm, what: "an overlay address", is: "UPLINK_SPOOFED" },
])("the uplink takes an ICMP error of $what: $is", ({ from, is }) => {
  expect(uplink(error(from, secondary, outgoing))).toBe(is);
});

test("the uplink takes no ICMP error about a packet that went into the VPC, nor one in fragments", () => {
  expect(uplink(error(internet, secondary, { from: net.vm, to: vpcHost }))).toBe("ERROR_ELSEWHERE");
  expect(uplink(error(internet, secondary, outgoing, { ip: { fragment: 0x2000 } }))).toBe("ERROR_ELSEWHERE");
});

test.each([
  { from: vpcHost, to: net.vm, what: "a VPC host", is: "passed" },
  { from: "10.99.3.1", to: "255.255.255.255", what: "the subnet's router, to everyone", is: "passed" },
  { from: net.vm, to: internet, what: "an overlay address", is: "DOWNLINK_SPOOFED" },
  { from: "192.168.100.250", to: net.tep, what: "an overlay address, to the gateway", is: "DOWNLINK_SPOOFED" },
  { from: eip, to: vpcHost, what: "the unit's Elastic IP", is: "DOWNLINK_SPOOFED" },
  { from: net.tep, to: net.vm, what: "the unit's tunnel endpoint", is: "DOWNLINK_SPOOFED" },
  { from: internet, to: net.vm, what: "the Internet", is: "DOWNLINK_SPOOFED" },
  { from: "10.97.0.9", to: net.tep, what: "a VPC that is not joined, to the gateway", is: "passed" },
  { from: "10.97.0.9", to: net.vm, what: "a VPC that is not joined, to a VM", is: "DOWNLINK_SPOOFED" },
])("the downlink takes $what as a plain source: $is", ({ from, to, is }) => {
  expect(downlink(udp(from, to))).toBe(is);
});

test("the downlink takes an ICMP error about what went into the VPC, and about the gateway's own packets", () => {
  expect(downlink(error("10.99.3.1", net.vm, { from: net.vm, to: vpcHost }))).toBe("passed");
  expect(downlink(error("10.99.3.1", net.tep, { from: net.tep, to: net.vmTep }))).toBe("passed");
  expect(downlink(error("10.99.3.1", eip, { from: eip, to: internet }))).toBe("ERROR_ELSEWHERE");
});

const vmError = (about: { from: string; to: string }, change = {}) =>
  outcome("downlink_ingress", tunnel(fromVm(error(net.vm, internet, about, change))));

test.each([3, 4, 5, 11, 12])(
  "a VM's ICMP error of type %i is about a packet that was sent to it, or is dropped",
  (type) => {
    expect(vmError({ from: internet, to: net.vm }, { type })).toBe("passed");
    expect(vmError({ from: internet, to: "192.168.100.100" }, { type })).toBe("ERROR_NOT_OWN");
    expect(vmError({ from: net.vm, to: internet }, { type })).toBe("ERROR_NOT_OWN");
  },
);

test("a VM's ICMP error in fragments is dropped, as nobody sees what it is about; its pings are not", () => {
  expect(vmError({ from: internet, to: net.vm }, { ip: { fragment: 0x2000 } })).toBe("ERROR_NOT_OWN");
  const ping = icmpPacket({ from: net.vm, to: internet, type: 8, ip: { fragment: 0x2000 } });
  expect(outcome("downlink_ingress", tunnel(fromVm(ping)))).toBe("passed");
});
