import fc from "fast-check";
import { expect, test } from "vitest";
import { Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { parseMac } from "../net/mac.ts";
import { ethernet, withoutPriorityTag } from "./ethernet.ts";
import { misreadings } from "./fuzz.testing.ts";
import { ipv4 } from "./ipv4.ts";
import { udp } from "./udp.ts";

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/\S\S/g) ?? [], (pair) => Number.parseInt(pair, 16));
const anIp = fc.nat(0xffff_ffff).map(Ipv4);

const frame = {
  destination: parseMac("80:00:00:00:00:01"),
  source: parseMac("02:50:56:80:01:fe"),
  type: 0x8101,
  payload: Uint8Array.of(0x81),
};
const frameBytes = bytesOf("80 00 00 00 00 01 02 50 56 80 01 fe 81 01 81");

// tshark finds the checksums of these two right.
const packet = {
  dscp: 0x21,
  ecn: 1,
  identification: 0x8001,
  dontFragment: true,
  moreFragments: true,
  fragmentOffset: 0x1001,
  ttl: 0x81,
  protocol: 0x91,
  source: parseIpv4("192.0.2.129"),
  destination: parseIpv4("128.0.0.1"),
  options: Uint8Array.of(0x94, 0x04, 0x00, 0x01),
  payload: Uint8Array.of(0x81, 0x7e, 0x01),
};
const packetBytes = bytesOf("46 85 00 1b 80 01 70 01 81 91 71 42 c0 00 02 81 80 00 00 01 94 04 00 01 81 7e 01");

const path = { source: parseIpv4("192.0.2.129"), destination: parseIpv4("128.0.0.1") };
const datagram = { sourcePort: 0x8001, destinationPort: 0x9001, payload: Uint8Array.of(0x81, 0x7e, 0x01) };
const datagramBytes = bytesOf("80 01 90 01 00 0b 2a d4 81 7e 01");

test("ethernet, ipv4 and udp agree with vectors in which no field is zero", () => {
  expect(ethernet.decode(frameBytes)).toEqual(frame);
  expect(ethernet.encode(frame)).toEqual(frameBytes);
  expect(ipv4.decode(packetBytes)).toEqual(packet);
  expect(ipv4.encode(packet)).toEqual(packetBytes);
  expect(udp.decode(datagramBytes, path)).toEqual(datagram);
  expect(udp.encode(datagram, path)).toEqual(datagramBytes);
});

test("withoutPriorityTag takes one tag of VLAN 0 off, and no other", () => {
  const tagged = (...bytes: number[]) => ({ ...frame, type: 0x8100, payload: Uint8Array.from(bytes) });
  const inside = { ...frame, type: 0x0800, payload: Uint8Array.from([0x45]) };
  expect(withoutPriorityTag(tagged(0xf0, 0x00, 0x08, 0x00, 0x45))).toEqual(inside);
  for (const other of [tagged(0xf8, 0x01, 0x08, 0x00, 0x45), tagged(0, 0, 8), frame])
    expect(withoutPriorityTag(other)).toEqual(other);
});

test("ethernet decode undoes encode", () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.uint8Array({ maxLength: 100 }), (type, payload) => {
      expect(ethernet.decode(ethernet.encode({ ...frame, type, payload }))).toEqual({ ...frame, type, payload });
    }),
  );
});

const aPacket = fc.record({
  dscp: fc.nat(63),
  ecn: fc.nat(3),
  identification: fc.nat(0xffff),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff),
  ttl: fc.nat(255),
  protocol: fc.nat(255),
  source: anIp,
  destination: anIp,
  options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  payload: fc.uint8Array({ maxLength: 100 }),
});

test("ipv4 decode undoes encode, and cuts off what pads the frame", () => {
  fc.assert(
    fc.property(aPacket, fc.nat(46), (p, padding) => {
      const bytes = ipv4.encode(p);
      const padded = new Uint8Array(bytes.length + padding).fill(0xff);
      padded.set(bytes);
      expect(ipv4.decode(padded)).toEqual(p);
    }),
  );
});

test("ipv4 notices any single bit that was turned in its header", () => {
  fc.assert(
    fc.property(aPacket, fc.nat(20 * 8 - 1), (p, bit) => {
      const bytes = ipv4.encode(p);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      expect(() => ipv4.decode(bytes)).toThrow("WIRE_");
    }),
  );
});

test.each([
  { what: "version 6", at: 0, value: 0x66, code: "WIRE_UNSUPPORTED" },
  { what: "a header of four words", at: 0, value: 0x44, code: "WIRE_MALFORMED" },
  { what: "a total length below the header's", at: 3, value: 23, code: "WIRE_MALFORMED" },
  { what: "a total length beyond the frame", at: 3, value: 28, code: "WIRE_TRUNCATED" },
  { what: "a wrong checksum", at: 10, value: 0, code: "WIRE_CHECKSUM" },
])("ipv4 refuses $what as $code", ({ at, value, code }) => {
  expect(() => ipv4.decode(Uint8Array.from(packetBytes, (b, i) => (i === at ? value : b)))).toThrow(code);
});

const aDatagram = fc.record({
  sourcePort: fc.nat(0xffff),
  destinationPort: fc.nat(0xffff),
  payload: fc.uint8Array({ maxLength: 100 }),
});

test("udp decode undoes encode between any addresses, and its checksum is never sent as zero", () => {
  fc.assert(
    fc.property(aDatagram, anIp, anIp, (d, source, destination) => {
      const bytes = udp.encode(d, { source, destination });
      expect((bytes[6] ?? 0) + (bytes[7] ?? 0)).toBeGreaterThan(0);
      expect(udp.decode(bytes, { source, destination })).toEqual(d);
    }),
  );
});

test("udp sends a checksum that comes out as zero as 0xffff", () => {
  const none = { source: Ipv4(0), destination: Ipv4(0) };
  // 17 + 8 from the pseudo-header, 8 from the length: the ports make up the rest to 0xffff.
  const bytes = udp.encode({ sourcePort: 0xffff - 33, destinationPort: 0, payload: new Uint8Array() }, none);
  expect([...bytes.subarray(6)]).toEqual([0xff, 0xff]);
});

test("udp takes a checksum of zero for none, and refuses a wrong one", () => {
  const without = Uint8Array.from(datagramBytes, (b, i) => (i === 6 || i === 7 ? 0 : b));
  expect(udp.decode(without, path)).toEqual(datagram);
  const wrong = Uint8Array.from(datagramBytes, (b, i) => (i === 8 ? b + 1 : b));
  expect(() => udp.decode(wrong, path)).toThrow("WIRE_CHECKSUM");
  expect(() => udp.decode(datagramBytes, { ...path, source: Ipv4(1) })).toThrow("WIRE_CHECKSUM");
});

test.each([
  { length: 7, code: "WIRE_MALFORMED" },
  { length: 12, code: "WIRE_TRUNCATED" },
])("udp refuses a length of $length as $code", ({ length, code }) => {
  expect(() =>
    udp.decode(
      Uint8Array.from(datagramBytes, (b, i) => (i === 5 ? length : b)),
      path,
    ),
  ).toThrow(code);
});

test("ethernet, ipv4 and udp fail with a WIRE_* error only, whatever the bytes", () => {
  expect(misreadings((bytes) => ethernet.decode(bytes), [frameBytes])).toEqual([]);
  expect(misreadings((bytes) => ipv4.decode(bytes), [packetBytes])).toEqual([]);
  expect(misreadings((bytes) => udp.decode(bytes, path), [datagramBytes])).toEqual([]);
});
