import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, bench } from "./harness.ts";
import { address } from "./network.ts";
import { ethernet, icmpPacket, ipv4, tcpPacket, udp, udpPacket } from "./packets.ts";

let t: Bench;
const eip = "203.0.113.10";
const secondary = "10.99.1.20";
const own = "10.99.1.10";
const host = "198.51.100.10";

beforeAll(() => {
  t = bench();
  t.put("canonical_in", address(secondary), address(eip));
  t.put("canonical_out", address(eip), address(secondary));
  t.put("uplink_own", address(own), { present: 1 });
});
afterAll(() => t.close());

const frame = (packet: Uint8Array, type = 0x0800) =>
  ethernet({ to: "02:00:00:00:01:01", from: "02:00:00:00:01:02", type }, packet);
const ingress = (packet: Uint8Array, type?: number) => t.run("uplink_ingress", frame(packet, type));
const egress = (packet: Uint8Array, type?: number) => t.run("uplink_egress", frame(packet, type));

/** Packets between two addresses, made as if they had always been there: so a right rewrite is a byte-equal one. */
const kinds = {
  TCP: (from: string, to: string) => tcpPacket({ from, to }, Buffer.from("GET / HTTP/1.1")),
  UDP: (from: string, to: string) => udpPacket({ from, to, dport: 53 }, Buffer.from("odd length")),
  "UDP without checksum": (from: string, to: string) => udpPacket({ from, to, dport: 53, check: 0 }),
  "TCP behind IP options": (from: string, to: string) => tcpPacket({ from, to, ip: { options: Buffer.alloc(8, 1) } }),
  "ICMP echo": (from: string, to: string) => icmpPacket({ from, to, type: 8 }),
  "GRE, which has no checksum to correct": (from: string, to: string) =>
    ipv4({ from, to, protocol: 47 }, Buffer.alloc(24, 3)),
  "a first fragment": (from: string, to: string) =>
    ipv4({ from, to, protocol: 17, fragment: 0x2000 }, udp({ from, to, dport: 9 }, Buffer.alloc(1000, 5))),
  "a later fragment": (from: string, to: string) =>
    ipv4({ from, to, protocol: 17, fragment: 126 }, Buffer.alloc(100, 6)),
} as const;

const rows = Object.entries(kinds).map(([what, make]) => ({ what, make }));

test.each(rows)("uplink_ingress gives $what to a secondary address its Elastic IP", ({ make }) => {
  const out = ingress(make(host, secondary));
  expect(out).toEqual({ verdict: "next", moved: { canonical_in: 1 }, packet: frame(make(host, eip)) });
});

test.each(rows)("uplink_egress gives $what from an Elastic IP its secondary address", ({ make }) => {
  const out = egress(make(eip, host));
  expect(out).toEqual({ verdict: "next", moved: { canonical_out: 1 }, packet: frame(make(secondary, host)) });
});

test("uplink_ingress and uplink_egress are each other's undoing for every UDP checksum", () => {
  for (let n = 0; n < 2_000; n++) {
    const payload = Buffer.from([n >> 8, n & 255]);
    const packet = udpPacket({ from: eip, to: host, sport: 7, dport: 7 }, payload);
    const back = (p: Buffer) =>
      udpPacket({ from: host, to: p.subarray(12, 16).join("."), sport: 7, dport: 7 }, payload);
    const out = egress(packet).packet.subarray(14);
    expect(out).toEqual(udpPacket({ from: secondary, to: host, sport: 7, dport: 7 }, payload));
    expect(ingress(back(out)).packet.subarray(14)).toEqual(back(packet));
  }
});

const errors = [
  { name: "destination unreachable", type: 3 },
  { name: "source quench", type: 4 },
  { name: "time exceeded", type: 11 },
  { name: "parameter problem", type: 12 },
];
const embeddings = Object.entries({
  "a whole UDP packet": kinds.UDP,
  "a whole UDP packet without checksum": kinds["UDP without checksum"],
  "eight bytes of TCP": (from: string, to: string) => kinds.TCP(from, to).subarray(0, 28),
  "a whole TCP packet": kinds.TCP,
  "ICMP echo": kinds["ICMP echo"],
  "a later fragment": kinds["a later fragment"],
  "IP options": kinds["TCP behind IP options"],
}).map(([what, make]) => ({ what, make }));

describe.each(errors)("ICMP $name", ({ type }) => {
  test.each(embeddings)("uplink_ingress rewrites the source of $what that it is about", ({ make }) => {
    const of = (embedded: Buffer, to: string) => icmpPacket({ from: "192.0.2.7", to, type, code: 1 }, embedded);
    const expected = { verdict: "next", moved: { canonical_in: 1 }, packet: frame(of(make(eip, host), eip)) };
    expect(ingress(of(make(secondary, host), secondary))).toEqual(expected);
    expect(ingress(of(make(eip, host), secondary)), "when it is the Elastic IP already").toEqual(expected);
  });

  test.each(embeddings)("uplink_egress leaves the Elastic IP in $what that it is about", ({ make }) => {
    const of = (from: string) => icmpPacket({ from, to: host, type, code: 1 }, make(host, eip));
    expect(egress(of(eip))).toEqual({ verdict: "next", moved: { canonical_out: 1 }, packet: frame(of(secondary)) });
    expect(egress(of(own))).toEqual({ verdict: "next", moved: { uplink_out_other: 1 }, packet: frame(of(own)) });
  });
});

test("uplink_ingress drops an ICMP error whose embedded packet is cut short: nobody sees where that was going", () => {
  const { verdict, moved } = ingress(icmpPacket({ from: host, to: secondary, type: 3 }, Buffer.alloc(12, 0x45)));
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { ERROR_ELSEWHERE: 1 } });
});

test.each([
  { what: "the unit's own address", packet: kinds.TCP(host, own), type: 0x0800 },
  { what: "ARP", packet: Buffer.alloc(28, 1), type: 0x0806 },
  { what: "IPv6", packet: Buffer.alloc(40, 0x60), type: 0x86dd },
])("uplink_ingress leaves $what as it is", ({ packet, type }) => {
  expect(ingress(packet, type)).toEqual({
    verdict: "next",
    moved: { uplink_in_other: 1 },
    packet: frame(packet, type),
  });
});

test.each([
  { what: "the unit's own address", packet: kinds.TCP(own, host), type: 0x0800 },
  { what: "ARP", packet: Buffer.alloc(28, 1), type: 0x0806 },
])("uplink_egress lets $what out as it is", ({ packet, type }) => {
  expect(egress(packet, type)).toEqual({
    verdict: "next",
    moved: { uplink_out_other: 1 },
    packet: frame(packet, type),
  });
});

test.each([
  { reason: "UNTRANSLATED_SOURCE", what: "an overlay address", packet: kinds.UDP("192.168.100.3", host), type: 0x0800 },
  {
    reason: "UNTRANSLATED_SOURCE",
    what: "a secondary address by itself",
    packet: kinds.UDP(secondary, host),
    type: 0x0800,
  },
  { reason: "UNTRANSLATED_SOURCE", what: "a stranger", packet: kinds["a later fragment"](host, eip), type: 0x0800 },
  { reason: "UPLINK_PROTOCOL", what: "IPv6", packet: Buffer.alloc(40, 0x60), type: 0x86dd },
  {
    reason: "UPLINK_MALFORMED",
    what: "an IP header longer than the packet",
    packet: udpPacket({ from: own, to: host, dport: 1, ip: { ihl: 15 } }),
    type: 0x0800,
  },
  {
    reason: "UPLINK_MALFORMED",
    what: "IP version 6 under IPv4's number",
    packet: udpPacket({ from: own, to: host, dport: 1, ip: { version: 6 } }),
    type: 0x0800,
  },
  {
    reason: "UPLINK_MALFORMED",
    what: "an IP header of four words",
    packet: udpPacket({ from: own, to: host, dport: 1, ip: { ihl: 4 } }),
    type: 0x0800,
  },
  {
    reason: "UPLINK_MALFORMED",
    what: "TCP cut before its checksum",
    packet: kinds.TCP(eip, host).subarray(0, 30),
    type: 0x0800,
  },
])("uplink_egress drops $what as $reason", ({ reason, packet, type }) => {
  const { verdict, moved } = egress(packet, type);
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { [reason]: 1 } });
});

test.each([
  {
    what: "with a header longer than the packet",
    packet: udpPacket({ from: host, to: secondary, dport: 1, ip: { ihl: 15 } }),
  },
  { what: "with a header of four words", packet: udpPacket({ from: host, to: secondary, dport: 1, ip: { ihl: 4 } }) },
  { what: "with UDP cut before its checksum", packet: kinds.UDP(host, secondary).subarray(0, 25) },
])("uplink_ingress drops IPv4 $what as UPLINK_MALFORMED", ({ packet }) => {
  const { verdict, moved } = ingress(packet);
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { UPLINK_MALFORMED: 1 } });
});
