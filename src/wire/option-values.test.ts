import fc from "fast-check";
import { expect, test } from "vitest";
import { Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { networkOf, parsePrefix } from "../net/prefix.ts";
import { dhcpOption } from "./dhcp-option-codes.ts";
import { domainNames } from "./domain-names.ts";
import { misreadings } from "./fuzz.testing.ts";
import { fromHex } from "./hex.ts";
import type { ClientId, OptionValue } from "./option-values.ts";
import * as values from "./option-values.ts";

const ip = parseIpv4;
const some = (maxLength: number, minLength = 1) => fc.uint8Array({ minLength, maxLength });
const anIp = fc.nat(0xffff_ffff).map(Ipv4);
const aText = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)), minLength: 1 });
const aLabel = fc.stringMatching(/^[a-z0-9-]{1,63}$/);
const aName = fc
  .array(aLabel, { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join("."))
  .filter((name) => name.length <= 250);
const aClientId: fc.Arbitrary<ClientId> = fc.oneof(
  fc.record({ kind: fc.constant("duid" as const), iaid: fc.nat(0xffff_ffff), duid: some(130, 2) }),
  fc.record({ kind: fc.constant("other" as const), type: fc.nat(254), id: some(254) }),
);
const aRoute = fc
  .record({ address: anIp, length: fc.nat(32), via: anIp })
  .map(({ address, length, via }) => ({ prefix: networkOf({ address, length }), via }));

interface Case<T> {
  readonly name: string;
  readonly codec: OptionValue<T>;
  readonly hex: string;
  readonly value: T;
  readonly any: fc.Arbitrary<T>;
}
const row = <T>(name: string, codec: OptionValue<T>, hex: string, value: T, any: fc.Arbitrary<T>): Case<unknown> =>
  ({ name, codec, hex, value, any }) as unknown as Case<unknown>;

const codecs: Case<unknown>[] = [
  row("u8", values.u8, "81", 0x81, fc.nat(0xff)),
  row("u16", values.u16, "8001", 0x8001, fc.nat(0xffff)),
  row("u32", values.u32, "80000001", 0x80000001, fc.nat(0xffff_ffff)),
  row("i32", values.i32, "80000001", -0x7fffffff, fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })),
  row("u8List", values.u8List, "81ff", [0x81, 0xff], fc.array(fc.nat(0xff), { minLength: 1 })),
  row("u16List", values.u16List, "8001ffff", [0x8001, 0xffff], fc.array(fc.nat(0xffff), { minLength: 1 })),
  row("truth", values.truth, "01", true, fc.boolean()),
  row("presence", values.presence, "", true, fc.constant(true)),
  row("address", values.address, "c0000281", ip("192.0.2.129"), anIp),
  row(
    "addresses",
    values.addresses,
    "c000028180000001",
    [ip("192.0.2.129"), ip("128.0.0.1")],
    fc.array(anIp, { minLength: 1 }),
  ),
  row(
    "addressPairs",
    values.addressPairs,
    "c000028180000001",
    [[ip("192.0.2.129"), ip("128.0.0.1")]],
    fc.array(fc.tuple(anIp, anIp), { minLength: 1 }),
  ),
  row("text", values.text, "7765ff", "we\xff", aText),
  row("raw", values.raw, "81ff", Uint8Array.of(0x81, 0xff), some(300)),
  // RFC 4361 §6.1: type 255, IAID, DUID-LL of hardware type 1.
  row(
    "clientId",
    values.clientId,
    "ff8000000100030001025056800001",
    { kind: "duid", iaid: 0x80000001, duid: fromHex("00030001025056800001") },
    aClientId,
  ),
  row(
    "relayAgent",
    values.relayAgent,
    "0102810102018f",
    new Map([
      [1, Uint8Array.of(0x81, 0x01)],
      [2, Uint8Array.of(0x8f)],
    ]),
    fc.array(fc.tuple(fc.nat(255), some(255, 0)), { minLength: 1, maxLength: 5 }).map((parts) => new Map(parts)),
  ),
  // Every width at which the count of octets changes, RFC 3442.
  row(
    "classlessRoutes",
    values.classlessRoutes,
    ["00c0000281", "08 0a 80000001", "09 0a80 80000001", "19 c0000280 80000001", "20 c0000281 80000001"]
      .join("")
      .replaceAll(" ", ""),
    [
      { prefix: parsePrefix("0.0.0.0/0"), via: ip("192.0.2.129") },
      { prefix: parsePrefix("10.0.0.0/8"), via: ip("128.0.0.1") },
      { prefix: parsePrefix("10.128.0.0/9"), via: ip("128.0.0.1") },
      { prefix: parsePrefix("192.0.2.128/25"), via: ip("128.0.0.1") },
      { prefix: parsePrefix("192.0.2.129/32"), via: ip("128.0.0.1") },
    ],
    fc.array(aRoute, { minLength: 1 }),
  ),
  row(
    "domainNames",
    domainNames,
    "03656e67056170706c6503636f6d00 02783100".replaceAll(" ", ""),
    ["eng.apple.com", "x1"],
    fc.array(aName, { minLength: 1, maxLength: 5 }),
  ),
];

test.each(codecs)("$name agrees with its vector", ({ codec, hex, value }) => {
  expect(codec.decode(fromHex(hex))).toEqual(value);
  expect(codec.encode(value)).toEqual(fromHex(hex));
});

test.each(codecs)("$name decode undoes encode", ({ codec, any }) => {
  fc.assert(
    fc.property(any, (value) => {
      expect(codec.decode(codec.encode(value))).toEqual(value);
    }),
  );
});

test.each(codecs)("$name fails with a WIRE_* error only, whatever the bytes", ({ codec, hex }) => {
  expect(misreadings(codec.decode, [fromHex(hex)])).toEqual([]);
});

test("dhcpOption has each code once, and a tested codec in each row", () => {
  const rows: readonly { code: number; value: unknown }[] = Object.values(dhcpOption);
  expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
  const tested = new Set<unknown>(codecs.map(({ codec }) => codec));
  expect(rows.filter(({ value }) => !tested.has(value))).toEqual([]);
});

test("domainNames reads the compressed example of RFC 3397 §2, joined", () => {
  // "eng.apple.com.", and "marketing" with a pointer to "apple.com."
  const data = fromHex("03656e67056170706c6503636f6d00096d61726b6574696e67c004");
  expect(domainNames.decode(data)).toEqual(["eng.apple.com", "marketing.apple.com"]);
});

test.each([
  { what: "a pointer to itself", hex: "c000" },
  { what: "a pointer forwards", hex: "0161c00403616263 00".replace(" ", "") },
  { what: "a loop of two pointers", hex: "0161c0040162c000" },
  { what: "a cut label", hex: "0561" },
  { what: "no end", hex: "0161" },
  { what: "the root alone", hex: "00" },
  { what: "a label of 64", hex: `40${"61".repeat(64)}00` },
  { what: "a name of 256", hex: `${`3f${"61".repeat(63)}`.repeat(4)}00` },
  { what: "a dot within a label", hex: "03612e6200" },
])("domainNames refuses $what", ({ hex }) => {
  expect(() => domainNames.decode(fromHex(hex))).toThrow("WIRE_MALFORMED");
});

test("domainNames ends quickly on a thicket of pointers", () => {
  const thicket = Uint8Array.from({ length: 16_000 }, (_, i) => (i < 2 ? 1 - i : 0));
  for (let at = 2; at < thicket.length; at += 2) {
    thicket[at] = 0xc0 | ((at - 2) >> 8);
    thicket[at + 1] = (at - 2) & 0xff;
  }
  expect(() => domainNames.decode(thicket)).toThrow("WIRE_MALFORMED");
});

test("classlessRoutes clears bits beyond the prefix, RFC 3442", () => {
  expect(values.classlessRoutes.decode(fromHex("09 0aff c0000281".replaceAll(" ", "")))).toEqual([
    { prefix: parsePrefix("10.128.0.0/9"), via: ip("192.0.2.129") },
  ]);
  expect(() => values.classlessRoutes.decode(fromHex("21c0000281c0000281"))).toThrow("WIRE_MALFORMED");
});

test("text leaves out the NULs some clients end it with", () => {
  expect(values.text.decode(Uint8Array.of(0x61, 0, 0))).toBe("a");
});

test.each([
  { name: "u16", run: () => values.u16.encode(0x10000) },
  { name: "i32", run: () => values.i32.encode(0x8000_0000) },
  { name: "addresses", run: () => values.addresses.encode([]) },
  { name: "text", run: () => values.text.encode("\u0100") },
  { name: "relayAgent", run: () => values.relayAgent.encode(new Map([[1, new Uint8Array(256)]])) },
  { name: "classlessRoutes", run: () => values.classlessRoutes.encode([]) },
  { name: "domainNames", run: () => domainNames.encode(["a..b"]) },
])("$name encode refuses what has no form", ({ run }) => {
  expect(run).toThrow("WIRE_UNENCODABLE");
});
