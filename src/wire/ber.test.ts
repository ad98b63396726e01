import { expect, test } from "vitest";
import { octetsOf, partsOf, readBer } from "./ber.ts";
import { misreadings } from "./fuzz.testing.ts";
import { fromHex, toHex } from "./hex.ts";

test.each([
  { as: "in one piece", hex: "0403a1b2c3" },
  { as: "with a long length", hex: "04820003a1b2c3" },
  { as: "in pieces", hex: "240704 01a1 0402b2c3".replaceAll(" ", "") },
  { as: "in pieces until its end", hex: "2480040 1a1 0402b2c3 0000".replaceAll(" ", "") },
])("octetsOf reads an OCTET STRING $as", ({ hex }) => {
  expect(toHex(octetsOf(readBer(fromHex(hex))))).toBe("a1b2c3");
});

test("partsOf finds elements within elements that do not say their length", () => {
  const parts = partsOf(readBer(fromHex("3080308002010500000601ff0000")));
  expect(parts.map((part) => [part.tag, toHex(part.content), part.definite])).toEqual([
    [0x30, "020105", false],
    [0x06, "ff", true],
  ]);
});

test.each([
  { what: "that is cut off", hex: "0405a1b2c3", code: "WIRE_TRUNCATED" },
  { what: "with something after it", hex: "0401a1ff", code: "WIRE_MALFORMED" },
  { what: "with a tag of more bytes", hex: "1f0401a1", code: "WIRE_MALFORMED" },
  { what: "nested without end", hex: "3080".repeat(10_000), code: "WIRE_MALFORMED" },
])("readBer refuses an element $what", ({ hex, code }) => {
  expect(() => readBer(fromHex(hex))).toThrow(code);
});

test("readBer and what reads its parts give a value or say what is wrong, whatever the bytes", () => {
  const walk = (bytes: Uint8Array) => {
    for (const part of partsOf(readBer(bytes))) if ((part.tag & 0x20) !== 0) partsOf(part).map(octetsOf);
  };
  expect(misreadings(walk, [fromHex("3080308002010500000601ff0000"), fromHex("300724050401a10400")])).toEqual([]);
});
