import fc from "fast-check";
import { expect, test } from "vitest";
import { Vni } from "../net/vni.ts";
import { misreadings } from "./fuzz.testing.ts";
import { geneve, type KnownOption } from "./geneve.ts";
import { knownLabel, labelOf, labelOption, VMWARE_LABEL } from "./geneve-label.ts";

const known: KnownOption[] = [knownLabel(VMWARE_LABEL)];
const label = labelOption(VMWARE_LABEL, 0x800001);
const payload = Uint8Array.of(0x81, 0x7e);

const vector = Uint8Array.from(
  [
    [0x04, 0xc0, 0x65, 0x58, 0x80, 0x00, 0x01, 0x00],
    [0x01, 0x04, 0x80, 0x01, 0x00, 0x80, 0x00, 0x01],
    [0x81, 0x01, 0x7f, 0x01, 0xde, 0xad, 0xbe, 0xef],
    [0x81, 0x7e],
  ].flat(),
);
const packet = {
  vni: Vni(0x800001),
  control: true,
  options: [label, { optionClass: 0x8101, type: 0x7f, data: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) }],
  payload,
};

test("geneve agrees with a vector in which no field is zero", () => {
  expect(geneve.decode(vector, known)).toEqual(packet);
  expect(geneve.encode(packet)).toEqual(vector);
});

const anOption = fc.record({
  optionClass: fc.nat(0xffff),
  type: fc.nat(0x7f),
  data: fc.nat(31).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
});

test("geneve decode undoes encode, with any options that are not critical", () => {
  const packets = fc.record({
    vni: fc.nat(0xffffff).map(Vni),
    control: fc.boolean(),
    options: fc
      .array(anOption, { maxLength: 12 })
      .filter((options) => options.reduce((sum, { data }) => sum + 1 + data.length / 4, 0) <= 63),
    payload: fc.uint8Array({ maxLength: 60 }),
  });
  fc.assert(
    fc.property(packets, (p) => {
      expect(geneve.decode(geneve.encode(p), [])).toEqual(p);
    }),
  );
});

test("geneve takes options that fill all 252 bytes", () => {
  const of = (bytes: number) => ({ optionClass: 0xffff, type: 0x7f, data: new Uint8Array(bytes).fill(0xff) });
  const full = { ...packet, options: [of(124), of(116), of(0)] };
  expect(geneve.decode(geneve.encode(full), [])).toEqual(full);
  expect(() => geneve.encode({ ...full, options: [of(124), of(124)] })).toThrow("WIRE_UNENCODABLE");
  expect(() => geneve.encode({ ...full, options: [of(126)] })).toThrow("WIRE_UNENCODABLE");
});

const changed = (at: number, value: number) => Uint8Array.from(vector, (b, i) => (i === at ? value : b));

test.each([
  { what: "version 1", bytes: changed(0, 0x44), code: "WIRE_UNSUPPORTED" },
  { what: "a payload of IPv4", bytes: changed(2, 0x08), code: "WIRE_UNSUPPORTED" },
  { what: "Opt Len beyond the packet", bytes: changed(0, 0x05), code: "WIRE_TRUNCATED" },
  { what: "less than a header", bytes: vector.subarray(0, 7), code: "WIRE_TRUNCATED" },
  { what: "an option longer than Opt Len leaves", bytes: changed(19, 0x02), code: "WIRE_MALFORMED" },
  { what: "a known critical option of another length", bytes: changed(11, 0x03), code: "WIRE_CRITICAL_OPTION" },
  { what: "an unknown critical option", bytes: changed(18, 0xff), code: "WIRE_CRITICAL_OPTION" },
  { what: "a critical option of unknown class", bytes: changed(8, 0x02), code: "WIRE_CRITICAL_OPTION" },
])("geneve refuses $what as $code", ({ bytes, code }) => {
  expect(() => geneve.decode(bytes, known)).toThrow(code);
});

test("geneve refuses an unknown critical option also where the C bit is clear", () => {
  expect(() => geneve.decode(changed(1, 0x80), [])).toThrow("WIRE_CRITICAL_OPTION");
});

test("geneve ignores reserved bits", () => {
  for (const [at, value] of [
    [1, 0xff],
    [7, 0xff],
    [11, 0xe1],
  ] as const)
    expect(geneve.decode(changed(at, value), known)).toEqual(packet);
});

test("labelOf finds the label and leaves the bits beside it alone", () => {
  expect(labelOf(VMWARE_LABEL, geneve.decode(changed(12, 0xff), known).options)).toBe(0x800001);
  expect(labelOf({ optionClass: 0x0104, type: 0x81 }, packet.options)).toBeUndefined();
});

test("geneve fails with a WIRE_* error only, whatever the bytes", () => {
  expect(misreadings((bytes) => geneve.decode(bytes, known), [vector])).toEqual([]);
});
