import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMac } from "../net/mac.ts";
import { flag, macField, octets, struct, uint } from "./struct.ts";

/** Fields that begin and end at every sort of place. */
const odd = struct({
  a: uint(3),
  b: flag,
  c: uint(13),
  _gap: uint(7),
  d: uint(32),
  e: uint(31),
  f: flag,
  g: uint(4),
  h: uint(32),
  i: uint(4),
  mac: macField,
  bytes: octets(3),
});

const anOdd = fc.record({
  a: fc.nat(7),
  b: fc.boolean(),
  c: fc.nat(0x1fff),
  d: fc.nat(0xffff_ffff),
  e: fc.nat(0x7fff_ffff),
  f: fc.boolean(),
  g: fc.nat(15),
  h: fc.nat(0xffff_ffff),
  i: fc.nat(15),
  mac: fc.constantFrom("00:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "02:50:56:80:01:fe").map(parseMac),
  bytes: fc.uint8Array({ minLength: 3, maxLength: 3 }),
});

test("struct agrees with a vector in which no field is zero", () => {
  const value = { a: 5, b: true, c: 0x1001, d: 0x80000001, e: 0x40000001, f: true, g: 9, h: 0x80000001, i: 9 };
  const rest = { mac: parseMac("80:00:00:00:00:01"), bytes: Uint8Array.of(0x80, 0x7f, 0x01) };
  const bytes = Uint8Array.from(
    [
      [0xb8, 0x00, 0x80],
      [0x80, 0x00, 0x00, 0x01],
      [0x80, 0x00, 0x00, 0x03],
      [0x98, 0x00, 0x00, 0x00, 0x19],
      [0x80, 0x00, 0x00, 0x00, 0x00, 0x01],
      [0x80, 0x7f, 0x01],
    ].flat(),
  );
  expect(odd.size).toBe(bytes.length);
  expect(odd.encode({ ...value, ...rest })).toEqual(bytes);
  expect(odd.decode(bytes)).toEqual({ ...value, ...rest });
});

test("struct decode undoes encode, wherever in the bytes", () => {
  fc.assert(
    fc.property(anOdd, fc.nat(9), (value, at) => {
      const bytes = new Uint8Array(at + odd.size);
      odd.encodeInto(value, bytes, at);
      expect(odd.decode(bytes, at)).toEqual(value);
    }),
  );
});

test("struct ignores what reserved bits say", () => {
  const bytes = odd.encode({ ...odd.decode(new Uint8Array(odd.size)), a: 7 });
  bytes[2] = (bytes[2] ?? 0) | 0x7f;
  expect(odd.decode(bytes)).toEqual(odd.decode(odd.encode(odd.decode(bytes))));
});

test.each([8, -1, 1.5, Number.NaN])("struct refuses to put %d into three bits, and names the field", (a) => {
  const value = odd.decode(new Uint8Array(odd.size));
  expect(() => odd.encode({ ...value, a })).toThrow(/WIRE_UNENCODABLE.*field=a/);
});

test("struct needs all its bytes", () => {
  expect(() => odd.decode(new Uint8Array(odd.size - 1))).toThrow("WIRE_TRUNCATED");
  expect(() => odd.decode(new Uint8Array(odd.size), 1)).toThrow("WIRE_TRUNCATED");
});
