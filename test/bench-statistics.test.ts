import fc from "fast-check";
import { expect, test } from "vitest";
import { median, quantile, ratioOf, turns } from "./bench/statistics.ts";

test("turns gives each side one turn a round, and turns the order round by round", () => {
  expect(turns(3)).toEqual(["ours", "peer", "peer", "ours", "ours", "peer"]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (rounds) => {
      const all = turns(rounds);
      expect(all.filter((side) => side === "ours")).toHaveLength(rounds);
      expect(all.filter((side) => side === "peer")).toHaveLength(rounds);
    }),
  );
});

test("turns lets a steady drift fall on both sides alike, over an even number of rounds", () => {
  const places = (side: string) => turns(6).flatMap((s, at) => (s === side ? [at] : []));
  const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
  expect(sum(places("ours"))).toBe(sum(places("peer")));
});

test.each([
  { values: [5], part: 0.99, is: 5 },
  { values: [3, 1, 2], part: 0.5, is: 2 },
  { values: [1, 2, 3, 4], part: 0.5, is: 2.5 },
  { values: [4, 1], part: 0, is: 1 },
  { values: [4, 1], part: 1, is: 4 },
])("quantile $part of $values is $is", ({ values, part, is }) => {
  expect(quantile(values, part)).toBe(is);
});

test("median of nothing is refused instead of being a number", () => {
  expect(() => median([])).toThrow(RangeError);
});

test.each([
  { better: "less", ours: 10, peer: 15, is: 1.5 },
  { better: "less", ours: 15, peer: 10, is: 10 / 15 },
  { better: "more", ours: 15, peer: 10, is: 1.5 },
] as const)("ratioOf where $better is better, ours $ours, peer $peer, is $is", ({ better, ours, peer, is }) => {
  expect(ratioOf(better, { ours, peer })).toBeCloseTo(is);
});
