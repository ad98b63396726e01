import { afterAll, beforeAll, expect, test } from "vitest";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { type Bench, bench, sh, sysctl } from "./harness.ts";
import { address, config, furnish, net, ours } from "./network.ts";
import { checksum, ethernet, icmpPacket, ipv4, l4Sound, pseudoHeader, read, tcpPacket, udpPacket } from "./packets.ts";

let t: Bench;
const DOWNLINK_MAC = "02:00:00:00:03:2c";
const lost = "192.168.100.66";
const silent = "192.168.100.67";

beforeAll(() => {
  t = bench();
  sh(`ip link set lo up
    ip link add down0 index 10 type veth peer name far0
    ip link set down0 address ${DOWNLINK_MAC} up; ip link set far0 up
    ip address add ${net.tep}/24 dev down0
    ip neighbour add ${net.vmTep} lladdr ${net.vmOuterMac} dev down0
    ip route add blackhole 10.99.9.9`);
  sysctl("net/ipv4/conf/all/forwarding", 1);
  furnish(t, { uplink: 0, downlink: 10, overlay: 1, overlayIn: 1 });
  const at = { vni: net.vni, mac: parseMac(net.vmMac) };
  t.put("endpoints", address(lost), { ...at, tep: parseIpv4("10.99.9.9") });
  t.put("endpoints", address(silent), { ...at, tep: parseIpv4("10.99.3.77") });
});
afterAll(() => t.close());

const hex = (mac: string) => mac.replaceAll(":", "");
const toVm = (packet: Uint8Array, type = 0x0800) =>
  ethernet({ to: "02:00:00:00:00:fe", from: net.routerMac, type }, packet);
const send = (packet: Uint8Array) => t.run("overlay_egress", toVm(packet));
const answer = (to: string = net.vm, ip = {}) => udpPacket({ from: net.internet, to, dport: 40_000, ip });

test.each([
  { reason: "OVERLAY_PROTOCOL", what: "ARP", frame: () => toVm(Buffer.alloc(28), 0x0806) },
  { reason: "OVERLAY_PROTOCOL", what: "IPv6", frame: () => toVm(Buffer.alloc(40), 0x86dd) },
  { reason: "UNKNOWN_ENDPOINT", what: "an address nobody has", frame: () => toVm(answer("192.168.100.200")) },
  { reason: "UNKNOWN_ENDPOINT", what: "broadcast", frame: () => toVm(answer("255.255.255.255")) },
  { reason: "NO_ROUTE_TO_TEP", what: "an endpoint in a black hole", frame: () => toVm(answer(lost)) },
])("overlay_egress drops $what as $reason", ({ reason, frame }) => {
  const { verdict, moved } = t.run("overlay_egress", frame());
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { [reason]: 1 } });
});

test("overlay_egress drops an aggregate it cannot wrap as ENCAPSULATION_FAILED", () => {
  const { verdict, moved } = t.run("overlay_egress", toVm(answer()), { gsoSize: 10 });
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { ENCAPSULATION_FAILED: 1 } });
});

test.each([
  { what: "UDP", packet: answer() },
  { what: "TCP", packet: tcpPacket({ from: net.internet, to: net.vm }, Buffer.alloc(1301, 7)) },
  { what: "ICMP", packet: icmpPacket({ from: net.gateway, to: net.vm, type: 0 }) },
  {
    what: "a later fragment",
    packet: ipv4({ from: net.internet, to: net.vm, protocol: 17, fragment: 185 }, Buffer.alloc(9)),
  },
  {
    what: "IP options",
    packet: udpPacket({ from: net.internet, to: net.vm, dport: 9, ip: { options: Buffer.alloc(4, 1) } }),
  },
])("overlay_egress wraps $what in a tunnel to its endpoint", ({ packet }) => {
  const out = send(packet);
  expect([out.verdict, out.moved]).toEqual(["redirect", { encapsulated: 1 }]);
  const frame = out.packet;
  expect(read.ethernet(frame)).toEqual({ to: hex(net.vmOuterMac), from: hex(DOWNLINK_MAC), type: 0x0800 });
  expect(read.ip(frame)).toEqual({
    ...{ tos: 0, length: packet.length + 58, fragment: 0x4000, ttl: 63, protocol: 17, sound: true },
    ...{ from: parseIpv4(net.tep), to: parseIpv4(net.vmTep) },
  });
  expect(frame.readUInt16BE(34)).toBeGreaterThanOrEqual(0xc000);
  expect(frame.subarray(36, 42)).toEqual(
    Buffer.from([0x17, 0xc1, (packet.length + 38) >> 8, (packet.length + 38) & 255, 0, 0]),
  );
  expect(frame.toString("hex", 42, 50)).toBe("0240655800238800");
  expect(frame.subarray(50, 58)).toEqual(ours);
  expect(frame.subarray(58)).toEqual(ethernet({ to: net.vmMac, from: net.routerMac }, packet));
});

test("overlay_egress uses port, option, label and TTL as configured, and sets the C bit only for a critical type", () => {
  const change = { port: 6082, optionClass: 0xff12, optionType: 0x7f, label: 0xfffefdfc, ttl: 255 };
  t.put("gateway", { index: 0 }, { ...config, ...change });
  const { packet } = send(answer());
  t.put("gateway", { index: 0 }, config);
  expect([packet.readUInt16BE(36), read.ip(packet).ttl]).toEqual([6082, 255]);
  expect(packet.toString("hex", 42, 44)).toBe("0200");
  expect(packet.toString("hex", 50, 58)).toBe("ff127f01fffefdfc");
});

test("overlay_egress keeps one source port per flow, and spreads flows", () => {
  const port = (sport: number) =>
    send(udpPacket({ from: net.internet, to: net.vm, sport, dport: 9 })).packet.readUInt16BE(34);
  const ports = Array.from({ length: 64 }, (_, n) => port(1000 + n));
  expect(Array.from({ length: 64 }, (_, n) => port(1000 + n))).toEqual(ports);
  expect(new Set(ports).size).toBeGreaterThan(48);
});

test.each([0, 1, 2, 3].flatMap((ecn) => [0, 0x2e, 0x3f].map((dscp) => ({ ecn, dscp }))))(
  "overlay_egress copies ECN $ecn, and DSCP $dscp unless another is configured",
  ({ ecn, dscp }) => {
    const tos = (dscp << 2) | ecn;
    expect(read.ip(send(answer(net.vm, { tos })).packet).tos).toBe(tos);
    for (const fixed of [0, 10, 63]) {
      t.put("gateway", { index: 0 }, { ...config, dscp: fixed });
      expect(read.ip(send(answer(net.vm, { tos })).packet).tos).toBe((fixed << 2) | ecn);
    }
    t.put("gateway", { index: 0 }, config);
  },
);

test("overlay_egress makes a right full checksum for every length up to 3,000 bytes", () => {
  t.put("gateway", { index: 0 }, { ...config, fullChecksum: 1 });
  for (let size = 0; size <= 3000; size += 37) {
    const inner = udpPacket({ from: net.internet, to: net.vm, dport: 9 }, Buffer.alloc(size, size + 1));
    const { packet } = send(inner);
    expect(packet.readUInt16BE(40)).not.toBe(0);
    expect(l4Sound(packet.subarray(14))).toBe(true);
  }
  t.put("gateway", { index: 0 }, config);
});

test("overlay_egress makes a checksum that is right once a device has finished the inner one", () => {
  t.put("gateway", { index: 0 }, { ...config, fullChecksum: 1 });
  for (const finished of [tcpPacket({ from: net.internet, to: net.vm }, Buffer.alloc(99, 9)), answer()]) {
    const [protocol, at] = finished.readUInt8(9) === 6 ? [6, 36] : [17, 26];
    const waiting = Buffer.from(finished);
    const pseudo = checksum(pseudoHeader(net.internet, net.vm, protocol, finished.length - 20));
    waiting.writeUInt16BE(~pseudo & 0xffff, at);
    const { packet } = send(waiting);
    expect(packet.subarray(72)).toEqual(waiting);
    finished.copy(packet, 72);
    expect(l4Sound(packet.subarray(14))).toBe(true);
  }
  t.put("gateway", { index: 0 }, config);
});

test("overlay_egress sums a broken inner packet as it is", () => {
  t.put("gateway", { index: 0 }, { ...config, fullChecksum: 1 });
  const { packet } = send(udpPacket({ from: net.internet, to: net.vm, dport: 9, check: 0x4321 }));
  t.put("gateway", { index: 0 }, config);
  expect(l4Sound(packet.subarray(14))).toBe(true);
});

test("overlay_egress lets the kernel find the neighbour it does not have yet", () => {
  const out = send(answer(silent));
  expect([out.verdict, out.moved]).toEqual(["redirect", { encapsulated: 1 }]);
});

test("overlay_egress sends a full checksum that comes out as zero as all ones, since zero means none", () => {
  t.put("gateway", { index: 0 }, { ...config, fullChecksum: 1 });
  const checkOf = (payload: Uint8Array) =>
    send(ipv4({ from: net.internet, to: net.vm, protocol: 17, fragment: 185 }, payload)).packet.readUInt16BE(40);
  const complement = Buffer.alloc(2);
  complement.writeUInt16BE(checkOf(complement));
  expect(checkOf(complement)).toBe(0xffff);
  t.put("gateway", { index: 0 }, config);
});
