import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { type DhcpMessage, dhcp } from "./dhcp.ts";
import { dhcpOption } from "./dhcp-option-codes.ts";
import { readOption } from "./dhcp-options.ts";
import { misreadings } from "./fuzz.testing.ts";

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

const message: DhcpMessage = {
  op: 0x81,
  htype: 0x82,
  hlen: 6,
  hops: 0x83,
  xid: 0x80000001,
  secs: 0x8001,
  broadcast: true,
  ciaddr: parseIpv4("128.0.0.1"),
  yiaddr: parseIpv4("129.0.0.1"),
  siaddr: parseIpv4("130.0.0.1"),
  giaddr: parseIpv4("131.0.0.1"),
  chaddr: filled(16, 0x84),
  sname: filled(64, 0x85),
  file: filled(128, 0x86),
  options: new Map([
    [53, Uint8Array.of(1)],
    [224, Uint8Array.of(0x81, 0x01)],
  ]),
};

const vector = Uint8Array.from([
  ...[0x81, 0x82, 6, 0x83, 0x80, 0, 0, 1, 0x80, 0x01, 0x80, 0x00],
  ...[128, 0, 0, 1, 129, 0, 0, 1, 130, 0, 0, 1, 131, 0, 0, 1],
  ...filled(16, 0x84),
  ...filled(64, 0x85),
  ...filled(128, 0x86),
  ...[0x63, 0x82, 0x53, 0x63],
  ...[53, 1, 1, 224, 2, 0x81, 0x01, 255],
  ...filled(52, 0),
]);

test("dhcp agrees with a vector in which no field is zero", () => {
  expect(vector.length).toBe(300);
  expect(dhcp.encode(message)).toEqual(vector);
  expect(dhcp.decode(vector)).toEqual(message);
});

const anIp = fc.nat(0xffff_ffff).map(Ipv4);
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const someOptions = (least: number, longest: number) =>
  fc.uniqueArray(
    fc.tuple(
      fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
      fc.uint8Array({ minLength: least, maxLength: longest, size: "max" }),
    ),
    { selector: ([code]) => code, maxLength: 6, size: "max" },
  );
type AField = fc.Arbitrary<Uint8Array>;
const aMessage = (lengths: readonly [number, number], fields: { sname: AField; file: AField }) =>
  fc.record({
    op: fc.nat(255),
    htype: fc.nat(255),
    hlen: fc.nat(16),
    hops: fc.nat(255),
    xid: fc.nat(0xffff_ffff),
    secs: fc.nat(0xffff),
    broadcast: fc.boolean(),
    ciaddr: anIp,
    yiaddr: anIp,
    siaddr: anIp,
    giaddr: anIp,
    chaddr: fixed(16),
    ...fields,
    options: someOptions(...lengths).map((options) => new Map(options)),
  });

test("dhcp decode undoes encode, with options of any length up to 1000", () => {
  fc.assert(
    fc.property(aMessage([0, 1000], { sname: fixed(64), file: fixed(128) }), (m) => {
      expect(dhcp.decode(dhcp.encode(m, 65_535))).toEqual(m);
    }),
  );
});

const blank = { sname: fc.constant(new Uint8Array(64)), file: fc.constant(new Uint8Array(128)) };

test("dhcp encode keeps within the size asked for, overloading fields, and decode finds everything again", () => {
  let overloaded = 0;
  fc.assert(
    fc.property(aMessage([40, 120], blank), fc.integer({ min: 576, max: 900 }), (m, maxSize) => {
      let bytes: Uint8Array;
      try {
        bytes = dhcp.encode(m, maxSize);
      } catch (error) {
        expect(error).toMatchObject({ code: "WIRE_UNENCODABLE" });
        return;
      }
      expect(bytes.length).toBeLessThanOrEqual(maxSize - 28);
      if (bytes.subarray(44, 236).some((b) => b !== 0)) overloaded++;
      expect(dhcp.decode(bytes)).toEqual(m);
    }),
  );
  expect(overloaded).toBeGreaterThan(0);
});

/** A message with these bytes as options, and these in the fields. */
function withAreas(options: readonly number[], fields: { file?: readonly number[]; sname?: readonly number[] } = {}) {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set(vector.subarray(0, 44));
  bytes.set(fields.sname ?? [], 44);
  bytes.set(fields.file ?? [], 108);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...options], 236);
  return bytes;
}

describe("dhcp decode", () => {
  test("skips PAD and stops at END", () => {
    const { options } = dhcp.decode(withAreas([0, 0, 12, 1, 0x61, 0, 255, 12, 1, 0x62]));
    expect([...options]).toEqual([[12, Uint8Array.of(0x61)]]);
  });

  test("joins the parts of an option in the order options, file, sname (RFC 3396 §5)", () => {
    const bytes = withAreas([12, 1, 0x61, 52, 1, 3, 12, 1, 0x62, 255], {
      sname: [12, 1, 0x64, 255],
      file: [12, 1, 0x63, 255],
    });
    const { options, sname, file } = dhcp.decode(bytes);
    expect(readOption(options, dhcpOption.hostName)).toBe("abcd");
    expect([...options.keys()]).toEqual([12]);
    expect([...sname, ...file].every((b) => b === 0)).toBe(true);
  });

  test.each([
    { overload: 1, name: "ab" },
    { overload: 2, name: "ac" },
  ])("reads only the field that option 52 = $overload names", ({ overload, name }) => {
    const bytes = withAreas([12, 1, 0x61, 52, 1, overload, 255], {
      file: [12, 1, 0x62, 255],
      sname: [12, 1, 0x63, 255],
    });
    const { options, sname, file } = dhcp.decode(bytes);
    expect(readOption(options, dhcpOption.hostName)).toBe(name);
    expect((overload === 1 ? sname : file)[0]).toBe(12);
  });

  test.each([
    { what: "no cookie", bytes: vector.subarray(0, 236), code: "WIRE_TRUNCATED" },
    {
      what: "another cookie",
      bytes: Uint8Array.from(vector, (b, i) => (i === 239 ? 0x64 : b)),
      code: "WIRE_UNSUPPORTED",
    },
    {
      what: "an address longer than its field",
      bytes: Uint8Array.from(vector, (b, i) => (i === 2 ? 17 : b)),
      code: "WIRE_MALFORMED",
    },
    { what: "an option beyond the end", bytes: withAreas([12, 5, 0x61]), code: "WIRE_TRUNCATED" },
    { what: "a code without a length", bytes: withAreas([12]), code: "WIRE_TRUNCATED" },
    { what: "an overload of 4", bytes: withAreas([52, 1, 4]), code: "WIRE_MALFORMED" },
    { what: "an overload of two bytes", bytes: withAreas([52, 2, 1, 1]), code: "WIRE_MALFORMED" },
  ])("refuses $what as $code", ({ bytes, code }) => {
    expect(() => dhcp.decode(bytes)).toThrow(code);
  });

  test("fails with a WIRE_* error only, whatever the bytes", () => {
    const overloaded = withAreas([12, 1, 0x61, 52, 1, 3, 255], { file: [12, 1, 0x62, 255], sname: [12, 1, 0x63, 255] });
    expect(misreadings((bytes) => dhcp.decode(bytes), [vector, overloaded])).toEqual([]);
  });
});

describe("dhcp encode", () => {
  const empty: DhcpMessage = { ...message, sname: new Uint8Array(64), file: new Uint8Array(128), options: new Map() };
  const relay = Uint8Array.of(1, 2, 0x81, 0x01);

  test("splits an option of 600 bytes into parts of at most 255 (RFC 3396)", () => {
    const data = Uint8Array.from({ length: 600 }, (_, i) => i & 0xff);
    const bytes = dhcp.encode({ ...empty, options: new Map([[121, data]]) }, 1500);
    expect([240, 497, 754].map((at) => [bytes[at], bytes[at + 1]])).toEqual([
      [121, 255],
      [121, 255],
      [121, 90],
    ]);
  });

  test("puts option 82 last and never into an overloaded field", () => {
    const options = new Map([
      [82, relay],
      [15, filled(240, 0x61)],
      [67, filled(120, 0x62)],
      [66, filled(60, 0x63)],
    ]);
    const bytes = dhcp.encode({ ...empty, options });
    expect([...bytes.subarray(240, 243)]).toEqual([52, 1, 3]);
    const main = bytes.subarray(0, bytes.lastIndexOf(255) + 1);
    expect([...main.subarray(-7)]).toEqual([82, 4, ...relay, 255]);
    expect(dhcp.decode(bytes).options).toEqual(options);
  });

  test("leaves a field alone that has its own content", () => {
    const options = new Map([
      [15, filled(200, 0x61)],
      [67, filled(120, 0x62)],
    ]);
    expect(() => dhcp.encode({ ...message, options })).toThrow("WIRE_UNENCODABLE");
    expect(
      dhcp.decode(dhcp.encode({ ...message, sname: empty.sname, options: new Map([...options].slice(0, 1)) })).file,
    ).toEqual(message.file);
  });

  test.each([0, 52, 255])("refuses option %d, which is its own affair", (code) => {
    expect(() => dhcp.encode({ ...empty, options: new Map([[code, Uint8Array.of(1)]]) })).toThrow("WIRE_UNENCODABLE");
  });

  test("encodeFitting leaves out the last options for want of room, but not the protocol's own", () => {
    const options = new Map([
      [53, Uint8Array.of(5)],
      [3, filled(8, 0x81)],
      [121, filled(700, 0x82)],
      [15, filled(200, 0x83)],
      [61, filled(20, 0x84)],
      [82, relay],
    ]);
    const left = dhcp.decode(dhcp.encodeFitting({ ...empty, options })).options;
    expect([...left.keys()].toSorted((a, b) => a - b)).toEqual([3, 53, 61, 82]);
    expect(() => dhcp.encodeFitting({ ...empty, options: new Map([[82, filled(400, 1)]]) })).toThrow(
      "WIRE_UNENCODABLE",
    );
  });
});
