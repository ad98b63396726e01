import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIpv4, Ipv4, parseIpv4, readIpv4 } from "./ipv4.ts";
import { macBytes, macOfBytes, readMac } from "./mac.ts";
import { readPortRange } from "./port-range.ts";
import { broadcastOf, contains, formatPrefix, networkOf, overlaps, parsePrefix, readPrefix } from "./prefix.ts";

const anAddress = fc.integer({ min: 0, max: 0xffff_ffff }).map(Ipv4);
const aPrefix = fc.record({ address: anAddress, length: fc.integer({ min: 0, max: 32 }) }).map((a) => networkOf(a));

test("parseIpv4 undoes formatIpv4", () => {
  fc.assert(
    fc.property(anAddress, (a) => {
      expect(parseIpv4(formatIpv4(a))).toBe(a);
    }),
  );
});

test.each(["010.0.0.1", "1.2", "0x7f.1", "256.0.0.1", "1.2.3.4 ", "", "1.2.3.4.5", "-1.2.3.4"])(
  "readIpv4 refuses %j",
  (text) => {
    expect(readIpv4(text)).toBeUndefined();
  },
);

test("readPrefix undoes formatPrefix, and refuses host bits", () => {
  fc.assert(
    fc.property(aPrefix, (p) => {
      expect(readPrefix(formatPrefix(p))).toEqual(p);
    }),
  );
  expect(readPrefix("10.0.0.1/24")).toBeUndefined();
  expect(readPrefix("10.0.0.0/33")).toBeUndefined();
});

test("contains holds for the ends of a prefix and not beyond them", () => {
  const p = parsePrefix("192.168.100.0/24");
  expect([contains(p, p.address), contains(p, broadcastOf(p))]).toEqual([true, true]);
  expect([contains(p, Ipv4(p.address - 1)), contains(p, Ipv4(broadcastOf(p) + 1))]).toEqual([false, false]);
});

test("overlaps is whether some address is in both", () => {
  fc.assert(
    fc.property(aPrefix, aPrefix, (a, b) => {
      expect(overlaps(a, b)).toBe(Math.max(a.address, b.address) <= Math.min(broadcastOf(a), broadcastOf(b)));
    }),
  );
});

test("macOfBytes undoes macBytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      expect(macBytes(macOfBytes(bytes))).toEqual(bytes);
    }),
  );
  expect(readMac("02:50:56:0:0:1")).toBeUndefined();
});

test.each([
  { text: "80", range: { first: 80, last: 80 } },
  { text: "1-65535", range: { first: 1, last: 65_535 } },
  { text: "0", range: undefined },
  { text: "90-80", range: undefined },
  { text: "80-65536", range: undefined },
  { text: "http", range: undefined },
])("readPortRange of $text is $range", ({ text, range }) => {
  expect(readPortRange(text)).toEqual(range);
});
