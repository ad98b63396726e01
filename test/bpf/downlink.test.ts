import { afterAll, beforeAll, expect, test } from "vitest";
import { drops } from "../../src/datapath/drops.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { type Bench, bench, sh } from "./harness.ts";
import {
  address,
  arpQuestion,
  BROADCAST,
  config,
  dhcp,
  fromVm,
  furnish,
  net,
  ours,
  tcpOut,
  tunnel,
  udpOut,
} from "./network.ts";
import {
  arp,
  checksum,
  ethernet,
  icmpPacket,
  ipv4,
  l4Sound,
  option,
  pseudoHeader,
  read,
  udpPacket,
} from "./packets.ts";

let t: Bench;

beforeAll(() => {
  t = bench();
  sh("ip link set lo up; ip link add overlay0 type veth peer name overlay0-in; ip link add down0 type veth");
  furnish(t, { uplink: 0, downlink: 4, overlay: 3, overlayIn: 2 });
});
afterAll(() => t.close());

const send = (packet: Uint8Array) => t.run("downlink_ingress", packet);
const hex = (mac: string) => mac.replaceAll(":", "");
const zeros = (n: number) => Buffer.alloc(n);
const usual = fromVm(udpOut());
const ihl6 = Buffer.from([1, 1, 1, 1]);

/** Behind a tag's priority and VLAN; `type` is that of what follows. */
const tagged = (payload: Uint8Array, { vlan = 0, priority = 5, type = 0x0800 } = {}) =>
  Buffer.concat([Buffer.from([priority << 5, vlan, type >> 8, type & 255]), payload]);

/** Everything refused at the downlink but for its reason's sake: [what, packet]. */
const refused: Partial<Record<keyof typeof drops, readonly (readonly [string, () => Buffer])[]>> = {
  OUTER_FRAGMENT: [["a first fragment", () => tunnel(usual, { outer: { fragment: 0x2000 } })]],
  OUTER_MALFORMED: [
    ["a UDP length beyond the IP packet", () => tunnel(usual, { udp: { length: 400 } })],
    ["a UDP length below its header", () => tunnel(usual, { udp: { length: 7 } })],
    ["an IP length beyond the frame", () => tunnel(usual, { outer: { totalLength: 1000 } })],
  ],
  OUTER_CHECKSUM: [
    ["a wrong UDP checksum", () => tunnel(usual, { udp: { check: 0x1234 } })],
    ["a wrong UDP checksum over an odd length", () => tunnel(Buffer.concat([usual, zeros(1)]), { udp: { check: 1 } })],
    ["a wrong IP checksum", () => tunnel(usual, { outer: { check: 0x1234 } })],
    ["a wrong IP checksum with IP options", () => tunnel(usual, { outer: { check: 0x1234, options: ihl6 } })],
  ],
  GENEVE_VERSION: [1, 2, 3].map((version) => [`version ${version}`, () => tunnel(usual, { geneve: { version } })]),
  GENEVE_PROTOCOL: [
    ["inner IPv4 without Ethernet", () => tunnel(udpOut(), { geneve: { protocol: 0x0800 } })],
    ["protocol 0", () => tunnel(usual, { geneve: { protocol: 0 } })],
  ],
  GENEVE_TRUNCATED: [
    ["a UDP datagram without payload", () => tunnel(usual, { udp: { length: 8 } })],
    ["seven bytes of GENEVE", () => tunnel(usual, { udp: { length: 15 } })],
    ["options beyond the datagram", () => tunnel(usual, { geneve: { words: 63 } })],
    ["options cut by the UDP length alone", () => tunnel(usual, { udp: { length: 20 } })],
  ],
  GENEVE_OPTION_LENGTHS: [
    ["an option longer than its space", () => tunnel(usual, { geneve: { options: option(1, 1, zeros(4), 2) } })],
    [
      "a second option that overruns",
      () => tunnel(usual, { geneve: { options: Buffer.concat([ours, option(1, 1, zeros(0), 1)]) } }),
    ],
  ],
  GENEVE_CRITICAL_OPTION: [
    ["another class", () => tunnel(usual, { geneve: { options: option(0x0102, 0x80, zeros(4)) } })],
    ["another type", () => tunnel(usual, { geneve: { options: option(0x0104, 0x81, zeros(4)) } })],
    [
      "the known type with another length",
      () => tunnel(usual, { geneve: { options: option(0x0104, 0x80, zeros(8)) } }),
    ],
    ["the known type without data", () => tunnel(usual, { geneve: { options: option(0x0104, 0x80, zeros(0)) } })],
    [
      "one behind the known one",
      () => tunnel(usual, { geneve: { options: Buffer.concat([ours, option(9, 0xff, zeros(0))]) } }),
    ],
    [
      "one before the known one",
      () => tunnel(usual, { geneve: { options: Buffer.concat([option(9, 0xff, zeros(0)), ours]) } }),
    ],
    [
      "one though the C bit is clear",
      () => tunnel(usual, { geneve: { critical: false, options: option(1, 0x80, zeros(0)) } }),
    ],
    ["one in a control packet", () => tunnel(usual, { geneve: { control: true, options: option(1, 0x80, zeros(0)) } })],
  ],
  ECN_UNCAPABLE: [["CE around Not-ECT", () => tunnel(usual, { outer: { tos: 3 } })]],
  UNKNOWN_TEP: [
    ["IPv4", () => tunnel(usual, { outer: { from: "10.99.3.7" } })],
    ["ARP", () => tunnel(fromVm(arpQuestion(), { to: BROADCAST, type: 0x0806 }), { outer: { from: "10.99.3.7" } })],
    ["a control packet", () => tunnel(usual, { outer: { from: "10.99.3.7" }, geneve: { control: true } })],
    ["IPv6", () => tunnel(fromVm(zeros(40), { type: 0x86dd }), { outer: { from: "10.99.3.7" } })],
  ],
  UNKNOWN_VNI: [
    ["one below", () => tunnel(usual, { geneve: { vni: net.vni - 1 } })],
    ["24 bits set", () => tunnel(usual, { geneve: { vni: 0xffffff } })],
  ],
  TEP_NOT_IN_SEGMENT: [["a known segment", () => tunnel(usual, { geneve: { vni: net.otherVni } })]],
  INNER_TRUNCATED: [
    ["no inner frame", () => tunnel(zeros(0))],
    ["a frame cut in its Ethernet header", () => tunnel(usual.subarray(0, 13))],
    ["a frame cut in its IP header", () => tunnel(usual.subarray(0, 33))],
    ["a frame cut in its payload", () => tunnel(usual.subarray(0, 50))],
    [
      "an IP length below its header",
      () => tunnel(fromVm(udpPacket({ from: net.vm, to: net.internet, dport: 53, ip: { totalLength: 19 } }))),
    ],
    [
      "inner IP version 6 under IPv4's number",
      () => tunnel(fromVm(udpPacket({ from: net.vm, to: net.internet, dport: 53, ip: { version: 6 } }))),
    ],
    [
      "an IP header of four words",
      () => tunnel(fromVm(udpPacket({ from: net.vm, to: net.internet, dport: 53, ip: { ihl: 4 } }))),
    ],
    ["ARP that is cut short", () => tunnel(fromVm(arpQuestion().subarray(0, 27), { to: BROADCAST, type: 0x0806 }))],
  ],
  SPOOFED_MAC: [
    ["a MAC nobody has", () => tunnel(fromVm(udpOut(), { from: "02:00:00:00:64:04" }))],
    ["a MAC of another segment", () => tunnel(fromVm(udpOut(), { from: net.otherMac }))],
    [
      "ARP with another sender MAC than the frame's",
      () => tunnel(fromVm(arpQuestion({ senderMac: net.newMac }), { to: BROADCAST, type: 0x0806 })),
    ],
    ["DHCP from a MAC nobody has", () => tunnel(fromVm(dhcp(), { to: BROADCAST, from: "02:00:00:00:64:04" }))],
  ],
  SPOOFED_IP: [
    ["an address nobody has", () => tunnel(fromVm(udpPacket({ from: "192.168.100.77", to: net.internet, dport: 53 })))],
    ["another VM's address", () => tunnel(fromVm(udpPacket({ from: net.otherVm, to: net.internet, dport: 53 })))],
    ["a known address from the wrong NIC", () => tunnel(fromVm(udpOut(), { from: net.newMac }))],
    [
      "ARP that claims another's address",
      () => tunnel(fromVm(arpQuestion({ senderIp: net.otherVm }), { to: BROADCAST, type: 0x0806 })),
    ],
    ["DHCP from another VM's address", () => tunnel(fromVm(dhcp({ from: net.otherVm }), { to: BROADCAST }))],
    ["a fragment of DHCP from 0.0.0.0", () => tunnel(fromVm(dhcp({ fragment: 0x2000 }), { to: BROADCAST }))],
    ["0.0.0.0 to another port", () => tunnel(fromVm(dhcp({ dport: 68 }), { to: BROADCAST }))],
  ],
  NOT_FOR_GATEWAY: [
    ["a unicast MAC that is not the router's", () => tunnel(fromVm(udpOut(), { to: net.newMac }))],
    [
      "broadcast that is not DHCP",
      () => tunnel(fromVm(udpPacket({ from: net.vm, to: "192.168.100.255", dport: 137 }), { to: BROADCAST })),
    ],
    [
      "multicast",
      () => tunnel(fromVm(udpPacket({ from: net.vm, to: "224.0.0.251", dport: 5353 }), { to: "01:00:5e:00:00:fb" })),
    ],
    ["ARP to another's MAC", () => tunnel(fromVm(arpQuestion(), { to: net.newMac, type: 0x0806 }))],
  ],
  INNER_PROTOCOL: [
    ["IPv6", () => tunnel(fromVm(zeros(40), { to: "33:33:00:00:00:01", type: 0x86dd }))],
    ["the tag of a VLAN", () => tunnel(fromVm(tagged(udpOut(), { vlan: 7 }), { type: 0x8100 }))],
    ["a second tag of VLAN 0", () => tunnel(fromVm(tagged(tagged(udpOut()), { type: 0x8100 }), { type: 0x8100 }))],
    ["a service tag of VLAN 0", () => tunnel(fromVm(tagged(udpOut()), { type: 0x88a8 }))],
  ],
  ARP_UNANSWERED: [
    [
      "for another VM",
      () => tunnel(fromVm(arpQuestion({ targetIp: "192.168.100.4" }), { to: BROADCAST, type: 0x0806 })),
    ],
    [
      "for another segment's gateway",
      () => tunnel(fromVm(arpQuestion({ targetIp: net.otherGateway }), { to: BROADCAST, type: 0x0806 })),
    ],
    ["a reply", () => tunnel(fromVm(arpQuestion({ operation: 2 }), { to: BROADCAST, type: 0x0806 }))],
    ["another hardware", () => tunnel(fromVm(arpQuestion({ hardware: 6 }), { to: BROADCAST, type: 0x0806 }))],
  ],
  ENCAPSULATION_FAILED: [],
  CONTROL_RATE: [],
  // fragments.test.ts
  FRAGMENTS: [],
  ERROR_NOT_OWN: [
    [
      "a VM's ICMP error about what it has sent itself",
      () => tunnel(fromVm(icmpPacket({ from: net.vm, to: net.internet, type: 3 }, udpOut()))),
    ],
  ],
  // sources.test.ts
  DOWNLINK_SPOOFED: [],
  CONTROL_RATE_PORT: [],
};

const cases = Object.entries(refused).flatMap(([reason, rows]) =>
  rows.map(([what, packet]) => ({ reason, what, packet })),
);

test.each(cases)("downlink_ingress drops $what as $reason", ({ reason, packet }) => {
  const { verdict, moved } = send(packet());
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { [reason]: 1 } });
});

test("refused has every drop reason of the downlink", () => {
  const reasons = Object.entries(drops).filter(
    ([name, { at }]) => at === "downlink" || name === "ENCAPSULATION_FAILED",
  );
  expect(Object.keys(refused).toSorted()).toEqual(reasons.map(([name]) => name).toSorted());
});

test("downlink_ingress drops an aggregate it cannot cut as ENCAPSULATION_FAILED", () => {
  const { verdict, moved } = t.run("downlink_ingress", tunnel(fromVm(tcpOut())), { gsoSize: 100 });
  expect({ verdict, moved }).toEqual({ verdict: "shot", moved: { ENCAPSULATION_FAILED: 1 } });
});

const inner = (packet: Buffer, { from = net.vmMac } = {}) =>
  Buffer.concat([Buffer.from(hex(net.routerMac) + hex(from), "hex"), Buffer.from([8, 0]), packet]);

test.each([
  { what: "UDP", packet: udpOut() },
  { what: "TCP", packet: tcpOut() },
  { what: "ICMP", packet: icmpPacket({ from: net.vm, to: net.gateway, type: 8 }) },
  {
    what: "a later fragment",
    packet: ipv4({ from: net.vm, to: net.internet, protocol: 17, fragment: 0x00b9 }, zeros(30)),
  },
  { what: "IP options", packet: udpPacket({ from: net.vm, to: net.internet, dport: 53, ip: { options: ihl6 } }) },
  { what: "UDP to port 67 beyond the gateway", packet: udpPacket({ from: net.vm, to: net.internet, dport: 67 }) },
])("downlink_ingress takes $what out of the tunnel unchanged, addressed to the router", ({ packet }) => {
  const out = send(tunnel(fromVm(packet)));
  expect(out.moved).toEqual({ decapsulated: 1 });
  expect(out.verdict).toBe("redirect");
  expect(out.packet).toEqual(inner(packet));
});

test("downlink_ingress takes the tag of VLAN 0 off, whatever its priority", () => {
  for (const priority of [0, 5, 7]) {
    const out = send(tunnel(fromVm(tagged(udpOut(), { priority }), { type: 0x8100 })));
    expect(out.moved).toEqual({ decapsulated: 1 });
    expect(out.packet).toEqual(inner(udpOut()));
  }
  const spoofed = udpPacket({ from: "192.168.100.4", to: net.internet, dport: 53 });
  expect(send(tunnel(fromVm(tagged(spoofed), { type: 0x8100 }))).moved).toEqual({ SPOOFED_IP: 1 });
});

test("downlink_ingress answers ARP behind a tag of VLAN 0, and passes DHCP on", () => {
  const question = fromVm(tagged(arpQuestion(), { type: 0x0806 }), { to: BROADCAST, type: 0x8100 });
  const plain = send(tunnel(fromVm(arpQuestion(), { to: BROADCAST, type: 0x0806 })));
  expect(send(tunnel(question))).toEqual(plain);
  expect(send(tunnel(fromVm(tagged(dhcp()), { to: BROADCAST, type: 0x8100 }))).moved).toEqual({ control_dhcp: 1 });
});

/** How a device that finishes checksums wants the field: the pseudo header's sum. */
function unfinishedCheck(frame: Buffer): number {
  const length = tunnel(frame).length - 34;
  return ~checksum(pseudoHeader(net.vmTep, net.tep, 17, length)) & 0xffff;
}

test.each([
  { what: "zero", check: 0 },
  { what: "right", check: rightCheck(usual) },
  { what: "the pseudo header's sum, to be finished by a device", check: unfinishedCheck(usual) },
])("downlink_ingress accepts a UDP checksum that is $what", ({ check }) => {
  expect(send(tunnel(usual, { udp: { check } })).moved).toEqual({ decapsulated: 1 });
});

/** The checksum that tunnel(frame) would have if it had one. */
function rightCheck(frame: Buffer): number {
  const datagram = tunnel(frame).subarray(34);
  return checksum(pseudoHeader(net.vmTep, net.tep, 17, datagram.length), datagram) || 0xffff;
}

test("downlink_ingress verifies UDP checksums of every length up to 3,000 bytes, and finds any one wrong bit", () => {
  for (let size = 18; size <= 3000; size += 71) {
    const frame = fromVm(udpPacket({ from: net.vm, to: net.internet, dport: 53 }, Buffer.alloc(size, size)));
    const check = rightCheck(frame);
    expect(send(tunnel(frame, { udp: { check } })).moved).toEqual({ decapsulated: 1 });
    const flipped = tunnel(frame, { udp: { check } });
    const bit = size % (8 * (flipped.length - 60));
    flipped[60 + Math.floor(bit / 8)] = (flipped[60 + Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8));
    expect(send(flipped).moved).toEqual({ OUTER_CHECKSUM: 1 });
  }
});

test("downlink_ingress verifies a sum made over an inner checksum that is still to be finished", () => {
  const whole = udpPacket({ from: net.vm, to: net.internet, dport: 53 }, Buffer.from("local checksum offload"));
  const check = rightCheck(fromVm(whole));
  const partial = Buffer.from(whole);
  partial.writeUInt16BE(~checksum(pseudoHeader(net.vm, net.internet, 17, whole.length - 20)) & 0xffff, 26);
  const out = send(tunnel(fromVm(partial), { udp: { check } }));
  expect(out.moved).toEqual({ decapsulated: 1 });
  expect(out.packet).toEqual(inner(partial));
  expect(send(tunnel(fromVm(partial), { udp: { check: check ^ 1 } })).moved).toEqual({ OUTER_CHECKSUM: 1 });
});

test.each(Array.from({ length: 64 }, (_, words) => ({ bytes: words * 4 })))(
  "downlink_ingress skips $bytes bytes of unknown options that are not critical",
  ({ bytes }) => {
    const fillings = [
      Buffer.concat(Array.from({ length: bytes / 4 }, () => option(0x0999, 0x7f, zeros(0)))),
      ...(bytes >= 4 && bytes <= 128 ? [option(0x0999, 0x01, Buffer.alloc(bytes - 4, 0xff))] : []),
      ...(bytes >= 8
        ? [Buffer.concat([ours, ...Array.from({ length: bytes / 4 - 2 }, () => option(7, 0, zeros(0)))])]
        : []),
      ...(bytes >= 8
        ? [Buffer.concat([...Array.from({ length: bytes / 4 - 2 }, () => option(7, 0, zeros(0))), ours])]
        : []),
    ];
    for (const options of fillings) {
      expect(options.length).toBe(bytes);
      const out = send(tunnel(usual, { geneve: { options } }));
      expect([out.moved, out.packet]).toEqual([{ decapsulated: 1 }, inner(udpOut())]);
    }
  },
);

test.each([4, 8, 20, 40])("downlink_ingress reads on behind %d bytes of outer IP options", (bytes) => {
  const out = send(tunnel(usual, { outer: { options: Buffer.alloc(bytes, 1) } }));
  expect([out.moved, out.packet]).toEqual([{ decapsulated: 1 }, inner(udpOut())]);
  const most = { outer: { options: Buffer.alloc(bytes, 1) }, geneve: { options: Buffer.alloc(252) } };
  expect(send(tunnel(usual, most)).packet).toEqual(inner(udpOut()));
});

test("downlink_ingress ignores reserved bits", () => {
  expect(send(tunnel(usual, { geneve: { reserved: 0x3f } })).moved).toEqual({ decapsulated: 1 });
  const options = option(0x0104, 0x80, zeros(4), 0xe1);
  expect(send(tunnel(usual, { geneve: { options } })).moved).toEqual({ decapsulated: 1 });
});

const codepoint = { "Not-ECT": 0, "ECT(1)": 1, "ECT(0)": 2, CE: 3 } as const;
type Ecn = keyof typeof codepoint;
/** RFC 6040 figure 4: rows inner, columns outer Not-ECT, ECT(0), ECT(1), CE. */
const figure4: readonly (readonly [Ecn, readonly (Ecn | "drop")[]])[] = [
  ["Not-ECT", ["Not-ECT", "Not-ECT", "Not-ECT", "drop"]],
  ["ECT(0)", ["ECT(0)", "ECT(0)", "ECT(1)", "CE"]],
  ["ECT(1)", ["ECT(1)", "ECT(1)", "ECT(1)", "CE"]],
  ["CE", ["CE", "CE", "CE", "CE"]],
];
const outerOrder = ["Not-ECT", "ECT(0)", "ECT(1)", "CE"] as const;
const combinations = figure4.flatMap(([innerEcn, row]) =>
  row.map((result, n) => ({ innerEcn, outerEcn: outerOrder[n] ?? "CE", result })),
);

test.each(combinations)(
  "downlink_ingress makes $result of $innerEcn in $outerEcn",
  ({ innerEcn, outerEcn, result }) => {
    for (const dscp of [0, 0x2e << 2, 0xfc]) {
      const frame = fromVm(udpOut({ tos: dscp | codepoint[innerEcn] }));
      const out = send(tunnel(frame, { outer: { tos: 0x28 | codepoint[outerEcn] } }));
      if (result === "drop") expect(out.moved).toEqual({ ECN_UNCAPABLE: 1 });
      else expect(out.packet).toEqual(inner(udpOut({ tos: dscp | codepoint[result] })));
    }
  },
);

test.each([
  { what: "from 0.0.0.0 to everyone", packet: () => tunnel(fromVm(dhcp(), { to: BROADCAST })) },
  {
    what: "from a NIC without a known address",
    packet: () => tunnel(fromVm(dhcp(), { to: BROADCAST, from: net.newMac })),
  },
  {
    what: "renewing an address nobody is known to have",
    packet: () => tunnel(fromVm(dhcp({ from: "192.168.100.9", to: net.gateway }), { from: net.newMac })),
  },
  { what: "renewing the bound address", packet: () => tunnel(fromVm(dhcp({ from: net.vm, to: net.gateway }))) },
  {
    what: "renewing at a server with an address of its own",
    packet: () => tunnel(fromVm(dhcp({ from: net.vm, to: net.dhcpServer }))),
  },
  { what: "rebinding the bound address", packet: () => tunnel(fromVm(dhcp({ from: net.vm }), { to: BROADCAST })) },
])("downlink_ingress gives DHCP $what whole to the stack", ({ packet }) => {
  const out = send(packet());
  expect(out).toEqual({ verdict: "next", moved: { control_dhcp: 1 }, packet: packet() });
});

test.each([
  { what: "Ethernet", packet: () => tunnel(usual, { geneve: { control: true } }) },
  { what: "another protocol", packet: () => tunnel(zeros(4), { geneve: { control: true, protocol: 0x8902 } }) },
  { what: "nothing", packet: () => tunnel(zeros(0), { geneve: { control: true, vni: 0 } }) },
])("downlink_ingress never forwards a control packet with $what, but gives it whole to the stack", ({ packet }) => {
  expect(send(packet())).toEqual({ verdict: "next", moved: { control_oam: 1 }, packet: packet() });
});

test("downlink_ingress lets each control class have its own rate, and a tenth of a second of burst", () => {
  t.put("gateway", { index: 0 }, { ...config, dhcpPerSecond: 50, oamPerSecond: 20 });
  t.put("control_budget", { index: 0 }, { due: 0n });
  t.put("control_budget", { index: 1 }, { due: 0n });
  const count = (packet: Buffer, pass: string) => {
    const moved = Array.from({ length: 30 }, () => send(packet).moved);
    expect(moved.every((m) => m[pass] === 1 || m["CONTROL_RATE"] === 1)).toBe(true);
    return moved.filter((m) => m[pass] === 1).length;
  };
  const discover = tunnel(fromVm(dhcp(), { to: BROADCAST }));
  const oam = tunnel(usual, { geneve: { control: true } });
  for (const [passed, burst] of [
    [count(discover, "control_dhcp"), 5],
    [count(oam, "control_oam"), 2],
  ] as const) {
    expect(passed).toBeGreaterThanOrEqual(burst);
    expect(passed).toBeLessThan(30);
  }
  t.put("gateway", { index: 0 }, { ...config, dhcpPerSecond: 0 });
  expect(send(discover).moved).toEqual({ CONTROL_RATE: 1 });
  t.put("gateway", { index: 0 }, config);
});

test("downlink_ingress takes a port's flood of DHCP, and a tunnel endpoint's of control packets, from nobody else", () => {
  t.put("gateway", { index: 0 }, { ...config, dhcpPerPort: 1, oamPerTep: 1 });
  for (const index of [0, 1]) t.put("control_budget", { index }, { due: 0n });
  const discover = (from: string = net.vmMac) => tunnel(fromVm(dhcp(), { to: BROADCAST, from }));
  const oam = (from: string = net.vmTep) => tunnel(usual, { geneve: { control: true }, outer: { from } });
  const flood = (packet: Buffer) => Array.from({ length: 20 }, () => Object.keys(send(packet).moved)).flat();
  for (const [flooding, other, pass] of [
    [discover(), discover(net.newMac), "control_dhcp"],
    [oam(), oam(net.otherTep), "control_oam"],
  ] as const) {
    const moved = flood(flooding);
    expect(moved.at(-1)).toBe("CONTROL_RATE_PORT");
    expect(new Set(moved)).toEqual(new Set([pass, "CONTROL_RATE_PORT"]));
    expect(send(other).moved).toEqual({ [pass]: 1 });
  }
  const relay = { vni: net.vni, tep: parseIpv4(net.vmTep), mac: parseMac(net.vmMac) };
  t.put("members", relay, { present: 2 });
  expect(new Set(flood(discover()))).toEqual(new Set(["control_dhcp"]));
  t.put("members", relay, { present: 1 });
  t.put("gateway", { index: 0 }, config);
});

const question = (change: Parameters<typeof arpQuestion>[0], geneve = {}) =>
  tunnel(fromVm(arpQuestion(change), { to: BROADCAST, type: 0x0806 }), { geneve });

test.each([
  { what: "a question", change: {}, checksum: 0, geneve: {} },
  {
    what: "a question for the DHCP server's own address",
    change: { targetIp: net.dhcpServer },
    checksum: 0,
    geneve: {},
  },
  { what: "a probe from an address of zero", change: { senderIp: "0.0.0.0" }, checksum: 0, geneve: {} },
  { what: "a question behind no option", change: {}, checksum: 0, geneve: { options: zeros(0), critical: false } },
  { what: "a question behind 252 bytes of options", change: {}, checksum: 0, geneve: { options: zeros(252) } },
  { what: "a question, with a full checksum", change: {}, checksum: 1, geneve: {} },
])("downlink_ingress answers $what with one whole datagram back to the asker", ({ change, checksum: full, geneve }) => {
  t.put("gateway", { index: 0 }, { ...config, fullChecksum: full });
  const { verdict, moved, packet } = send(question(change, geneve));
  t.put("gateway", { index: 0 }, config);
  expect({ verdict, moved, length: packet.length }).toEqual({
    verdict: "redirect",
    moved: { arp_answered: 1 },
    length: 100,
  });
  expect(read.ethernet(packet)).toEqual({ to: hex(net.vmOuterMac), from: hex(net.outerMac), type: 0x0800 });
  expect(read.ip(packet)).toEqual({
    ...{ tos: 0, length: 86, fragment: 0x4000, ttl: 63, protocol: 17, sound: true },
    ...{ from: parseIpv4(net.tep), to: parseIpv4(net.vmTep) },
  });
  expect([packet.readUInt16BE(34) >= 0xc000, packet.readUInt16BE(36), packet.readUInt16BE(38)]).toEqual([
    true,
    6081,
    66,
  ]);
  if (full) expect(l4Sound(packet.subarray(14))).toBe(true);
  else expect(packet.readUInt16BE(40)).toBe(0);
  expect(packet.toString("hex", 42, 50)).toBe("0240655800238800");
  expect(packet.subarray(50, 58)).toEqual(ours);
  const answer = arp({
    ...{ operation: 2, senderMac: net.routerMac, senderIp: change.targetIp ?? net.gateway },
    ...{ targetMac: net.vmMac, targetIp: change.senderIp ?? net.vm },
  });
  expect(packet.subarray(58)).toEqual(ethernet({ to: net.vmMac, from: net.routerMac, type: 0x0806 }, answer));
});

test("downlink_ingress answers a padded question with no padding", () => {
  const padded = tunnel(Buffer.concat([fromVm(arpQuestion(), { to: net.routerMac, type: 0x0806 }), zeros(18)]));
  expect(send(padded).packet.length).toBe(100);
});

test.each([
  { what: "another destination", packet: () => tunnel(usual, { outer: { to: "10.99.3.45" } }) },
  { what: "another port", packet: () => tunnel(usual, { udp: { dport: 4789 } }) },
  {
    what: "TCP",
    packet: () =>
      ethernet(
        { to: net.outerMac, from: net.vmOuterMac },
        ipv4({ from: net.vmTep, to: net.tep, protocol: 6 }, zeros(40)),
      ),
  },
  { what: "a later fragment", packet: () => tunnel(usual, { outer: { fragment: 0x0010 } }) },
  { what: "ARP", packet: () => ethernet({ to: BROADCAST, from: net.vmOuterMac, type: 0x0806 }, arpQuestion()) },
  { what: "IPv6", packet: () => ethernet({ to: net.outerMac, from: net.vmOuterMac, type: 0x86dd }, zeros(60)) },
  { what: "a UDP header cut short", packet: () => tunnel(usual).subarray(0, 38) },
])("downlink_ingress leaves $what to the stack as it is", ({ packet }) => {
  expect(send(packet())).toEqual({ verdict: "next", moved: { downlink_other: 1 }, packet: packet() });
});

test("downlink_ingress accepts a NIC as soon as its address is known, and no longer than that", () => {
  const packet = tunnel(
    fromVm(udpPacket({ from: "192.168.100.9", to: net.internet, dport: 53 }), { from: net.newMac }),
  );
  expect(send(packet).moved).toEqual({ SPOOFED_IP: 1 });
  const key = address("192.168.100.9");
  t.put("endpoints", key, { tep: parseIpv4(net.vmTep), vni: net.vni, mac: "02:00:00:00:64:09" as never });
  expect(send(packet).moved).toEqual({ decapsulated: 1 });
  t.bpf.remove("endpoints", [Buffer.from([192, 168, 100, 9])]);
  expect(send(packet).moved).toEqual({ SPOOFED_IP: 1 });
});
