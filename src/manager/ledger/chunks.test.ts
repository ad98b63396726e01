import fc from "fast-check";
import { expect, test } from "vitest";
import { chunksOf, joinTexts, splitTexts } from "./chunks.ts";

test("chunksOf gives pieces that are full but the last, and together the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 120 }), (bytes, most) => {
      const chunks = chunksOf(bytes, most);
      expect(Uint8Array.from(Buffer.concat(chunks))).toEqual(bytes);
      expect(chunks.slice(0, -1).every(({ length }) => length === most)).toBe(true);
      expect(chunks.every(({ length }) => length > 0 && length <= most)).toBe(true);
    }),
  );
});

test("splitTexts gives back the texts that joinTexts put together, empty ones and those of any script", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), (texts) => {
      expect(splitTexts(joinTexts(texts))).toEqual(texts);
    }),
  );
});

test("splitTexts refuses bytes that are fewer or more than the texts", () => {
  const { bytes, lengths } = joinTexts(["one", "zwölf"]);
  expect(splitTexts({ bytes: bytes.subarray(1), lengths })).toBeUndefined();
  expect(splitTexts({ bytes, lengths: [3] })).toBeUndefined();
});
