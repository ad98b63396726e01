import fc from "fast-check";
import { expect, test } from "vitest";
import { Ipv4 } from "../../net/ipv4.ts";
import { macOfBytes, parseMac } from "../../net/mac.ts";
import { decode, encode, layout } from "./struct.ts";

const every = { small: "u8", word: "u32", long: "u64", port: "be16", label: "be32", host: "ipv4", mac: "mac" } as const;

test("layout aligns members as C does, and names every hole", () => {
  const { members, size } = layout({ flag: "u8", vni: "u32", mac: "mac" });
  expect(members.map(({ name, offset, array }) => [name, offset, array])).toEqual([
    ["flag", 0, undefined],
    ["pad1", 1, 3],
    ["vni", 4, undefined],
    ["mac", 8, 6],
    ["pad4", 14, 2],
  ]);
  expect(size).toBe(16);
});

test("encode puts host and network order where they belong, and zero between", () => {
  const value = {
    ...{ small: 0x81, word: 0x8899aabb, long: 0x8102030405060708n, port: 0x8182, label: 0x91929394 },
    ...{ host: Ipv4(0xa1a2a3a4), mac: parseMac("b1:b2:b3:b4:b5:b6") },
  };
  expect(Buffer.from(encode(every, value)).toString("hex")).toBe(
    "81000000bbaa9988080706050403028181820000" + "91929394a1a2a3a4b1b2b3b4b5b60000" + "00000000",
  );
});

const aValue = fc.record({
  small: fc.integer({ min: 0, max: 0xff }),
  word: fc.integer({ min: 0, max: 0xffff_ffff }),
  long: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  port: fc.integer({ min: 0, max: 0xffff }),
  label: fc.integer({ min: 0, max: 0xffff_ffff }),
  host: fc.integer({ min: 0, max: 0xffff_ffff }).map(Ipv4),
  mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macOfBytes),
});

test("decode undoes encode", () => {
  fc.assert(
    fc.property(aValue, (value) => {
      expect(decode(every, encode(every, value))).toEqual(value);
    }),
  );
});
