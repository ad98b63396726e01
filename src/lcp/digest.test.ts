import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf, bucketsFor, decodeDigest, differing, digestOf, encodeDigest } from "./digest.ts";
import type { Position } from "./position.ts";
import { idOf, type Resource, resourceTypes } from "./resource.ts";

const aResource = fc.record({
  type: fc.constantFrom(...resourceTypes),
  key: fc.string({ minLength: 1, maxLength: 8 }),
  version: fc.integer({ min: 1, max: 1_000_000 }).map((n) => n as Position),
  body: fc.constant({}),
});
const aTable = fc
  .array(aResource, { maxLength: 60 })
  .map((all): Resource[] => [...new Map(all.map((r) => [idOf(r), r])).values()]);

test("digests of one table are equal in any order, and differ in the buckets of what differs alone", () => {
  fc.assert(
    fc.property(aTable, aTable, fc.constantFrom(64, 128, 1_024), (a, b, buckets) => {
      const [first, second] = [digestOf(a, buckets), digestOf(b, buckets)];
      expect(digestOf(a.toReversed(), buckets)).toEqual(first);
      const told = new Set(a.map((r) => `${idOf(r)}@${r.version}`)).symmetricDifference(
        new Set(b.map((r) => `${idOf(r)}@${r.version}`)),
      );
      const changed = [...a, ...b].filter((r) => told.has(`${idOf(r)}@${r.version}`)).map((r) => bucketOf(r, buckets));
      expect(differing(first, second)).toEqual([...new Set(changed)].toSorted((x, y) => x - y));
    }),
  );
});

test("a version that was seen and not kept counts as if it were held", () => {
  fc.assert(
    fc.property(aTable, aResource, (held, offered) => {
      const rest = held.filter((r) => idOf(r) !== idOf(offered));
      const seen = new Map([[idOf(offered), offered.version]]);
      expect(digestOf(held, 64, seen)).toEqual(digestOf([...rest, offered], 64));
    }),
  );
});

test("decodeDigest undoes encodeDigest, and takes nothing else", () => {
  fc.assert(
    fc.property(aTable, (table) => {
      const digest = digestOf(table, bucketsFor(table.length));
      expect(decodeDigest(encodeDigest(digest))).toEqual(digest);
    }),
  );
  fc.assert(
    fc.property(fc.base64String({ maxLength: 3_000 }), (text) => {
      const size = (decodeDigest(text)?.length ?? 128) / 2;
      expect(Number.isInteger(Math.log2(size)) && size >= 64).toBe(true);
    }),
  );
});

test.each([
  [0, 64],
  [1_024, 64],
  [1_025, 128],
  [100_000, 8_192],
  [10_000_000, 16_384],
])("bucketsFor %i resources is %i", (resources, buckets) => {
  expect(bucketsFor(resources)).toBe(buckets);
});
