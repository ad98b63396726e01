import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { encodeKey, structs } from "../../src/datapath/bpf/layouts.ts";
import type { ProgramName } from "../../src/datapath/bpf/programs.ts";
import { decode } from "../../src/datapath/bpf/struct.ts";
import { formatIpv4, Ipv4, parseIpv4 } from "../../src/net/ipv4.ts";
import {
  DOWNLINK,
  type Ends,
  flowKey,
  flowValue,
  GENERATION,
  type Learned,
  mac,
  monotonicUnits,
  UPLINK,
} from "./flows.ts";
import { type Bench, bench, sh } from "./harness.ts";
import { config, fromVm, furnish, net, ours, tunnel } from "./network.ts";
import { ethernet, l4Sound, read, tcpPacket, udpPacket } from "./packets.ts";

let t: Bench;
const SECONDARY = "10.99.1.20";
const ON = { ...config, flowCache: 1 };

beforeAll(() => {
  t = bench();
  sh(`ip link set lo up; ip link add overlay0 type veth peer name overlay0-in; ip link add down0 index ${DOWNLINK} type veth
    ip link add up0 index ${UPLINK} type veth`);
  furnish(t, { uplink: UPLINK, downlink: DOWNLINK, overlay: 3, overlayIn: 2 });
  t.put("gateway", { index: 0 }, ON);
  t.put("flow_generation", { index: 0 }, { number: GENERATION });
});
afterAll(() => t.close());
beforeEach(() => {
  t.bpf.remove(
    "flows",
    t.bpf.entries("flows").map(([key]) => key),
  );
});

const learn = (...flows: Learned[]) => {
  for (const flow of flows) t.put("flows", flowKey(flow), flowValue(flow));
};
const known = () => t.bpf.entries("flows").length;

const tuple = { source: net.vm, destination: net.internet, sport: 50_000, dport: 53 };
const translated = { ...tuple, source: SECONDARY, sport: 30_000 };
const reversed = ({ source, destination, sport, dport }: Ends) => ({
  source: destination,
  destination: source,
  sport: dport,
  dport: sport,
});

/** vm-1's UDP or TCP to the Internet by its Elastic IP, with another port; and the answers. */
const outwards = (protocol: 6 | 17): Learned => ({
  comes: { ...tuple, protocol, side: "overlay" },
  goes: { ...translated, side: "uplink" },
});
const inwards = (protocol: 6 | 17): Learned => ({
  comes: { ...reversed(translated), protocol, side: "uplink" },
  goes: { ...reversed(tuple), side: "overlay" },
});

type UdpOptions = Parameters<typeof udpPacket>[0];
const udpOut = (change: Partial<UdpOptions> = {}, bytes = 18) =>
  udpPacket({ from: net.vm, to: net.internet, sport: 50_000, dport: 53, ...change }, Buffer.alloc(bytes, 7));
const udpIn = (change: Partial<UdpOptions> = {}, bytes = 18) =>
  udpPacket({ from: net.internet, to: SECONDARY, sport: 53, dport: 30_000, ...change }, Buffer.alloc(bytes, 7));
const onUplink = (packet: Uint8Array) => ethernet({ to: mac.uplink, from: mac.router }, packet);

const ports = (packet: Buffer) => [packet.readUInt16BE(20), packet.readUInt16BE(22)];

test("a packet out of the tunnel leaves by the uplink with its translation, and the flow counts it", () => {
  learn(outwards(17));
  const { verdict, packet, moved } = t.run("downlink_ingress", tunnel(fromVm(udpOut())));
  expect({ verdict, moved }).toEqual({ verdict: "redirect", moved: { decapsulated: 1, flow_out: 1 } });
  expect(read.ethernet(packet)).toEqual({
    to: mac.router.replaceAll(":", ""),
    from: mac.uplink.replaceAll(":", ""),
    type: 0x0800,
  });
  const ip = packet.subarray(14);
  const { from, to } = { from: parseIpv4(SECONDARY), to: parseIpv4(net.internet) };
  expect(read.ip(packet)).toMatchObject({ from, to, ttl: 63, length: 46, sound: true });
  expect(ports(ip)).toEqual([30_000, 53]);
  expect(l4Sound(ip)).toBe(true);
  expect(ip.subarray(28)).toEqual(Buffer.alloc(18, 7));
  const [, flow] = t.bpf.entries("flows")[0] ?? [];
  expect(decode(structs.flow, flow ?? new Uint8Array())).toMatchObject({ packets: 1n, bytes: 46n });
});

test("a packet into the tunnel gets every header that the slow path would give it", () => {
  learn(inwards(17));
  const { verdict, packet, moved } = t.run("uplink_ingress", onUplink(udpIn({ ip: { tos: 0xb8 } })));
  expect({ verdict, moved }).toEqual({ verdict: "redirect", moved: { flow_tunnel: 1 } });
  expect(read.ip(packet)).toEqual({
    ...{ tos: 0xb8, length: 46 + 58, fragment: 0x4000, ttl: 63, protocol: 17, sound: true },
    ...{ from: parseIpv4(net.tep), to: parseIpv4(net.vmTep) },
  });
  expect(packet.toString("hex", 42, 50)).toBe("0240655800238800");
  expect(packet.subarray(50, 58)).toEqual(ours);
  expect(packet.subarray(58, 72)).toEqual(ethernet({ to: net.vmMac, from: net.routerMac }, Buffer.alloc(0)));
  const inner = packet.subarray(72);
  expect(read.ip(inner, 0)).toMatchObject({
    from: parseIpv4(net.internet),
    to: parseIpv4(net.vm),
    ttl: 63,
    sound: true,
  });
  expect(ports(inner)).toEqual([53, 50_000]);
  expect(l4Sound(inner)).toBe(true);
});

test("TCP follows its flow behind overlay0, where its frames are merged", () => {
  const tcp = tcpPacket({ from: net.vm, to: net.internet }, Buffer.alloc(99, 3));
  const flow = outwards(6);
  const ends = { sport: 40_000, dport: 80 };
  learn({ comes: { ...flow.comes, ...ends }, goes: { ...flow.goes, ...ends } });
  expect(t.run("downlink_ingress", tunnel(fromVm(tcp))).moved).toEqual({ decapsulated: 1 });
  const merged = t.run("overlay_ingress", fromVm(tcp));
  expect([merged.verdict, merged.moved]).toEqual(["redirect", { flow_out: 1 }]);
  expect(l4Sound(merged.packet.subarray(14))).toBe(true);
});

test.each([
  { what: "a bare acknowledgement", flags: 0x10, payload: 0, followed: true },
  { what: "data", flags: 0x10, payload: 99, followed: false },
  { what: "FIN, which must not overtake data", flags: 0x11, payload: 0, followed: false },
  { what: "RST, which must not overtake data", flags: 0x14, payload: 0, followed: false },
])("TCP at the downlink: $what follows its flow there: $followed", ({ flags, payload, followed }) => {
  const ends = { from: net.vm, to: net.internet, sport: 50_000, dport: 53 };
  const tcp = tcpPacket({ ...ends, flags }, Buffer.alloc(payload, 3));
  learn(outwards(6));
  const usual = t.run("downlink_ingress", tunnel(fromVm(tcp)));
  const unusual = t.run("downlink_ingress", tunnel(fromVm(tcp), { outer: { options: Buffer.alloc(4, 1) } }));
  for (const { moved, packet } of [usual, unusual]) {
    expect(moved).toEqual(followed ? { decapsulated: 1, flow_out: 1 } : { decapsulated: 1 });
    expect(l4Sound(packet.subarray(14))).toBe(true);
  }
  expect(known()).toBe(1);
});

test("UDP without a checksum stays without one", () => {
  learn(outwards(17), inwards(17));
  const out = t.run("downlink_ingress", tunnel(fromVm(udpOut({ check: 0 })))).packet;
  expect(out.readUInt16BE(14 + 26)).toBe(0);
  const back = t.run("uplink_ingress", onUplink(udpIn({ check: 0 }))).packet;
  expect(back.readUInt16BE(72 + 26)).toBe(0);
});

test("whatever addresses, ports and payload: every checksum is right afterwards", () => {
  const address = fc.integer({ min: 0x0100_0000, max: 0xdfff_ffff }).map((n) => formatIpv4(Ipv4(n)));
  const port = fc.integer({ min: 1, max: 65_535 });
  const ends = fc.record({ source: address, destination: address, sport: port, dport: port });
  const payload = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(ends, ends, payload, fc.integer({ min: 2, max: 255 }), (comes, goes, bytes, ttl) => {
      learn({ comes: { ...comes, protocol: 17, side: "uplink" }, goes: { ...goes, side: "overlay" } });
      const { source: from, destination: to, sport, dport } = comes;
      const sent = onUplink(udpPacket({ from, to, sport, dport, ip: { ttl } }, bytes));
      const { packet, moved } = t.run("uplink_ingress", sent);
      expect(moved).toEqual({ flow_tunnel: 1 });
      const inner = packet.subarray(72);
      expect(read.ip(inner, 0)).toMatchObject({
        ...{ from: parseIpv4(goes.source), to: parseIpv4(goes.destination) },
        ...{ ttl: ttl - 1, sound: true },
      });
      expect(ports(inner)).toEqual([goes.sport, goes.dport]);
      expect(l4Sound(inner)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each<{ what: string; packet: () => Buffer; flow?: Learned["change"] }>([
  { what: "at its last hop", packet: () => udpIn({ ip: { ttl: 1 } }) },
  { what: "that is a first fragment", packet: () => udpIn({ ip: { fragment: 0x2000 } }) },
  { what: "that is a later fragment", packet: () => udpIn({ ip: { fragment: 0x00b9 } }) },
  { what: "with IP options", packet: () => udpIn({ ip: { options: Buffer.alloc(4, 1) } }) },
  { what: "with a wrong IP checksum", packet: () => udpIn({ ip: { check: 1 } }) },
  { what: "longer than its frame", packet: () => udpIn({ ip: { totalLength: 100 } }) },
  { what: "with more behind it than its length says", packet: () => Buffer.concat([udpIn(), Buffer.alloc(20)]) },
  { what: "too short for ports", packet: () => udpIn({ ip: { totalLength: 27 } }) },
  { what: "larger than its way", packet: () => udpIn({}, 1_473), flow: { mtu: 1_500 } },
  { what: "of a flow whose time is over", packet: udpIn, flow: { until: monotonicUnits() } },
  { what: "of a flow of another generation", packet: udpIn, flow: { generation: GENERATION + 1 } },
])("a packet $what goes the long way", ({ packet, flow = {} }) => {
  learn({ ...inwards(17), change: flow });
  const sent = onUplink(packet());
  const { verdict, packet: out, moved } = t.run("uplink_ingress", sent);
  expect({ verdict, moved }).toEqual({ verdict: "next", moved: { uplink_in_other: 1 } });
  expect(out).toEqual(sent);
  expect(known()).toBe(1);
});

test("a packet just as large as its way follows its flow", () => {
  learn({ ...inwards(17), change: { mtu: 1_500 } });
  expect(t.run("uplink_ingress", onUplink(udpIn({}, 1_472))).moved).toEqual({ flow_tunnel: 1 });
});

test("a packet padded to Ethernet's least length follows its flow", () => {
  learn(inwards(17));
  const padded = Buffer.concat([udpIn({}, 4), Buffer.alloc(14)]);
  expect(t.run("uplink_ingress", onUplink(padded)).moved).toEqual({ flow_tunnel: 1 });
});

test("with the flow cache off nothing follows a flow", () => {
  learn(inwards(17), outwards(17));
  t.put("gateway", { index: 0 }, config);
  expect(t.run("uplink_ingress", onUplink(udpIn())).moved).toEqual({ uplink_in_other: 1 });
  expect(t.run("downlink_ingress", tunnel(fromVm(udpOut()))).moved).toEqual({ decapsulated: 1 });
  t.put("gateway", { index: 0 }, ON);
});

const liars = [
  { what: "another tunnel endpoint", frame: (p: Buffer) => tunnel(fromVm(p), { outer: { from: net.otherTep } }) },
  { what: "another MAC", frame: (p: Buffer) => tunnel(fromVm(p, { from: net.newMac })) },
  { what: "another segment", frame: (p: Buffer) => tunnel(fromVm(p), { geneve: { vni: net.otherVni } }) },
];

test.each(liars)("a packet like those of a flow from $what is dropped, and ends no flow", ({ frame }) => {
  const tcp = (flags: number) =>
    tcpPacket({ from: net.vm, to: net.internet, sport: 50_000, dport: 53, flags }, Buffer.alloc(4));
  learn(outwards(17), outwards(6), inwards(6));
  for (const packet of [udpOut(), tcp(0x18), tcp(0x04)]) {
    const { verdict, moved } = t.run("downlink_ingress", frame(packet));
    expect(verdict).toBe("shot");
    expect(Object.keys(moved)).toEqual([expect.stringMatching(/^(SPOOFED_MAC|SPOOFED_IP|TEP_NOT_IN_SEGMENT)$/)]);
  }
  expect(known()).toBe(3);
});

const opensOrCloses = { SYN: 0x02, "SYN and ACK": 0x12, "FIN and ACK": 0x11, RST: 0x04, "RST and ACK": 0x14 };

test.each(Object.entries(opensOrCloses))(
  "%s goes the long way and ends both directions; what they carried stays counted",
  (_name, flags) => {
    const counted = () => {
      const rows = t.bpf.entries("flow_counters").map(([, value]) => decode(structs.counter, value));
      return rows.reduce((sum, row) => sum + row.packets, 0n);
    };
    const before = counted();
    const ends: { program: ProgramName; frame: Buffer }[] = [
      {
        program: "overlay_ingress",
        frame: fromVm(tcpPacket({ from: net.vm, to: net.internet, sport: 50_000, dport: 53, flags })),
      },
      {
        program: "uplink_ingress",
        frame: onUplink(tcpPacket({ from: net.internet, to: SECONDARY, sport: 53, dport: 30_000, flags })),
      },
    ];
    for (const { program, frame } of ends) {
      learn({ ...outwards(6), change: { packets: 5n } }, { ...inwards(6), change: { packets: 3n } }, inwards(17));
      const { verdict, moved } = t.run(program, frame);
      expect(verdict).toBe("next");
      expect(moved).not.toHaveProperty("flow_out");
      expect(moved).not.toHaveProperty("flow_tunnel");
      expect(t.bpf.entries("flows").map(([key]) => Buffer.from(key))).toEqual([
        Buffer.from(encodeKey("flows", flowKey(inwards(17)))),
      ]);
    }
    expect(counted() - before).toBe(16n);
  },
);
