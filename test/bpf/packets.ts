import { type Ipv4, parseIpv4 } from "../../src/net/ipv4.ts";
import { macBytes, parseMac } from "../../src/net/mac.ts";

/** Packets for the eBPF programs, made independently of src/wire: one function per header, payload last. */

const u16 = (n: number) => Buffer.from([n >> 8, n & 0xff]);
const u32 = (n: number) => Buffer.from([n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff]);
const ip4 = (text: string) => u32(parseIpv4(text));
const ether = (text: string) => macBytes(parseMac(text));

/** RFC 1071, over whole words; an odd last byte counts as if followed by zero. */
export function checksum(...parts: Uint8Array[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let n = 0; n < bytes.length; n += 2) sum += ((bytes[n] ?? 0) << 8) | (bytes[n + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

interface Ethernet {
  to: string;
  from: string;
  type?: number;
}
export const ethernet = ({ to, from, type = 0x0800 }: Ethernet, payload: Uint8Array): Buffer =>
  Buffer.concat([ether(to), ether(from), u16(type), payload]);

interface Ip {
  from: string;
  to: string;
  protocol: number;
  tos?: number;
  ttl?: number;
  id?: number;
  /** Flags and offset, as the header has them. */
  fragment?: number;
  options?: Uint8Array;
  version?: number;
  totalLength?: number;
  check?: number;
  ihl?: number;
}
export function ipv4(ip: Ip, payload: Uint8Array): Buffer {
  const options = ip.options ?? new Uint8Array();
  const ihl = ip.ihl ?? 5 + options.length / 4;
  const header = Buffer.concat([
    Buffer.from([((ip.version ?? 4) << 4) | ihl, ip.tos ?? 0]),
    u16(ip.totalLength ?? 20 + options.length + payload.length),
    u16(ip.id ?? 0),
    u16(ip.fragment ?? 0x4000),
    Buffer.from([ip.ttl ?? 64, ip.protocol]),
    u16(0),
    ip4(ip.from),
    ip4(ip.to),
    options,
  ]);
  header.writeUInt16BE(ip.check ?? checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export const pseudoHeader = (from: string, to: string, protocol: number, length: number): Buffer =>
  Buffer.concat([ip4(from), ip4(to), u16(protocol), u16(length)]);

interface Udp {
  from: string;
  to: string;
  sport?: number;
  dport: number;
  length?: number;
  /** Default: the right one. */
  check?: number;
}
export function udp(h: Udp, payload: Uint8Array): Buffer {
  const length = 8 + payload.length;
  const header = Buffer.concat([u16(h.sport ?? 50_000), u16(h.dport), u16(h.length ?? length), u16(0)]);
  const right = checksum(pseudoHeader(h.from, h.to, 17, length), header, payload) || 0xffff;
  header.writeUInt16BE(h.check ?? right, 6);
  return Buffer.concat([header, payload]);
}

export const udpPacket = (h: Udp & { ip?: Partial<Ip> }, payload: Uint8Array = Buffer.alloc(18)): Buffer =>
  ipv4({ from: h.from, to: h.to, protocol: 17, ...h.ip }, udp(h, payload));

interface Tcp {
  from: string;
  to: string;
  sport?: number;
  dport?: number;
  flags?: number;
  ip?: Partial<Ip>;
}
export function tcpPacket(h: Tcp, payload: Uint8Array = Buffer.alloc(4)): Buffer {
  const { from, to, sport = 40_000, dport = 80, flags = 0x18 } = h;
  const header = Buffer.concat([u16(sport), u16(dport), u32(1), u32(2), Buffer.from([0x50, flags]), u16(1000), u32(0)]);
  header.writeUInt16BE(checksum(pseudoHeader(from, to, 6, 20 + payload.length), header, payload), 16);
  return ipv4({ from, to, protocol: 6, ...h.ip }, Buffer.concat([header, payload]));
}

function icmp(type: number, code: number, body: Uint8Array): Buffer {
  const packet = Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), body]);
  packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

export const icmpPacket = (
  h: { from: string; to: string; type: number; code?: number; ip?: Partial<Ip> },
  body: Uint8Array = Buffer.alloc(16),
): Buffer => ipv4({ from: h.from, to: h.to, protocol: 1, ...h.ip }, icmp(h.type, h.code ?? 0, body));

export const option = (optionClass: number, type: number, data: Uint8Array, words = data.length / 4): Buffer =>
  Buffer.concat([u16(optionClass), Buffer.from([type, words]), data]);

interface Geneve {
  vni: number;
  version?: number;
  words?: number;
  control?: boolean;
  critical?: boolean;
  protocol?: number;
  reserved?: number;
  options?: Uint8Array;
}
export function geneve(h: Geneve, payload: Uint8Array): Buffer {
  const options = h.options ?? new Uint8Array();
  const flags = (h.control ? 0x80 : 0) | (h.critical ? 0x40 : 0) | (h.reserved ?? 0);
  const words = h.words ?? options.length / 4;
  return Buffer.concat([
    Buffer.from([((h.version ?? 0) << 6) | words, flags]),
    u16(h.protocol ?? 0x6558),
    u32(h.vni * 256),
    options,
    payload,
  ]);
}

interface Arp {
  operation?: number;
  senderMac: string;
  senderIp: string;
  targetMac?: string;
  targetIp: string;
  hardware?: number;
}
export const arp = (a: Arp): Buffer =>
  Buffer.concat([
    u16(a.hardware ?? 1),
    u16(0x0800),
    Buffer.from([6, 4]),
    u16(a.operation ?? 1),
    ether(a.senderMac),
    ip4(a.senderIp),
    ether(a.targetMac ?? "00:00:00:00:00:00"),
    ip4(a.targetIp),
  ]);

/** Where things are in a frame that the gateway sends: no IP options, eight bytes of GENEVE option. */
export const read = {
  ethernet: (frame: Buffer) => ({
    to: frame.toString("hex", 0, 6),
    from: frame.toString("hex", 6, 12),
    type: frame.readUInt16BE(12),
  }),
  ip: (frame: Buffer, at = 14) => ({
    tos: frame.readUInt8(at + 1),
    length: frame.readUInt16BE(at + 2),
    fragment: frame.readUInt16BE(at + 6),
    ttl: frame.readUInt8(at + 8),
    protocol: frame.readUInt8(at + 9),
    sound: checksum(frame.subarray(at, at + (frame.readUInt8(at) & 15) * 4)) === 0,
    from: frame.readUInt32BE(at + 12) as Ipv4,
    to: frame.readUInt32BE(at + 16) as Ipv4,
  }),
};

/** Whether the TCP or UDP checksum of an IPv4 packet is right. */
export function l4Sound(packet: Buffer): boolean {
  const header = (packet.readUInt8(0) & 15) * 4;
  const l4 = packet.subarray(header, packet.readUInt16BE(2));
  const pseudo = Buffer.concat([packet.subarray(12, 20), u16(packet.readUInt8(9)), u16(l4.length)]);
  return checksum(pseudo, l4) === 0;
}
