import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableJson, printableLines, unprintableIn } from "./printable.ts";

/** Ranges as the attack's literature lists them, written down apart from Unicode's properties. */
const dangerous: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0001, 0xe0001],
  [0xe0020, 0xe007f],
];
const isDangerous = (point: number) => dangerous.some(([from, to]) => point >= from && point <= to);
const pointsOf = (text: string) => [...text].map((character) => character.codePointAt(0) ?? 0);

/** Text with many of the characters that matter, as strings of any UTF-16 units. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...dangerous).chain(([min, max]) => fc.integer({ min, max }).map((p) => String.fromCodePoint(p))),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));

test("printable writes out what a console would obey, and leaves all else", () => {
  expect(printable("a\u001b]0;owned\u0007\nb\r\u009b2J\u007f")).toBe("a\\u001b]0;owned\\u0007\\nb\\r\\u009b2J\\u007f");
  expect(printable("admin\u202enimda\u2066\u2028\u{e0041}\ud800")).toBe(
    "admin\\u202enimda\\u2066\\u2028\\udb40\\udc41\\ud800",
  );
  expect(printable("Zürich, 東京, שלום, 🛰 → … \\n")).toBe("Zürich, 東京, שלום, 🛰 → … \\n");
});

test("printable lets no dangerous character through, and every other one", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(pointsOf(printable(text)).filter(isDangerous)).toEqual([]);
      expect(pointsOf(printableLines(text)).filter((point) => point !== 0x0a && isDangerous(point))).toEqual([]);
      expect(printableLines(text).split("\n")).toHaveLength(text.split("\n").length);
      if (unprintableIn(text) === undefined) expect(printable(text)).toBe(text);
      expect(printable(printable(text))).toBe(printable(text));
    }),
    { numRuns: 2_000 },
  );
});

test("printableJson keeps the value", () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      const { ["__proto__"]: _, ...own } = value;
      expect(JSON.parse(printableJson(own, 2))).toEqual(own);
      expect(pointsOf(printableJson(own, 2)).filter((point) => point !== 0x0a && isDangerous(point))).toEqual([]);
    }),
  );
});

test.each([
  ["web", undefined],
  ["we\u202eb", "U+202E"],
  ["\u0000", "U+0000"],
  ["a\nb", "U+000A"],
  ["\u{e0041}", "U+E0041"],
])("unprintableIn names the first of %j: %s", (text, first) => {
  expect(unprintableIn(text)).toBe(first);
});
