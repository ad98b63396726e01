import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { Throttle } from "../../base/throttle.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { sourceOf } from "../../lcp/source.ts";
import { Budget } from "./budget.ts";
import { refuseShape } from "./json-shape.ts";

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const passes = (text: string, depth: number, values = 1_000_000): boolean => {
  try {
    refuseShape(text, { depth, values });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(PcgError);
    return false;
  }
};

test("refuseShape lets through exactly what is no deeper than it may be, whatever its strings say", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(7), fc.boolean(), (value, depth, isSpread) => {
      const text = JSON.stringify(value, null, isSpread ? 2 : 0);
      expect(passes(text, depth)).toBe(depthOf(value) <= depth);
    }),
    { numRuns: 2_000 },
  );
  expect(passes(String.raw`{"a":"\\","b":"[[[\"[[["}`, 1)).toBe(true);
});

test("refuseShape reads any text without failing in another way, and does not count small values for nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      passes(text, 3);
    }),
  );
  expect(passes(`[${"[],".repeat(99)}[]]`, 2, 1_000)).toBe(true);
  expect(passes(`[${"[],".repeat(999)}[]]`, 2, 1_000)).toBe(false);
});

test("Throttle never lets a key come more often than its burst and rate, and lets it come that often", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 100 }), (pauses) => {
      const clock = new VirtualClock();
      const throttle = new Throttle({ perSecond: 10, burst: 3 }, clock);
      const allowed: number[] = [];
      for (const pause of pauses) {
        clock.advance(pause);
        const wait = throttle.take("a");
        if (wait === 0) allowed.push(clock.now());
        else {
          clock.advance(wait);
          expect(throttle.take("a")).toBe(0);
          allowed.push(clock.now());
        }
      }
      for (const [n, at] of allowed.entries()) expect((allowed[n + 3] ?? Infinity) - at).toBeGreaterThanOrEqual(99.9);
    }),
  );
});

test("Throttle remembers a bounded number of keys and holds no key's haste against another", () => {
  const throttle = new Throttle({ perSecond: 1, burst: 1 }, new VirtualClock());
  for (let n = 0; n < 50_000; n++) expect(throttle.take(`k${n}`)).toBe(0);
  expect(throttle.take("k49999")).toBe(1_000);
});

test("Budget gives what there is, and takes each back once", () => {
  const budget = new Budget(10);
  const first = budget.take(6);
  expect(budget.take(5)).toBeUndefined();
  first?.();
  first?.();
  expect(budget.take(11)).toBeUndefined();
  expect(budget.take(10)).toBeDefined();
});

test.for([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::7", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  [undefined, "unknown"],
] as const)("sourceOf %s is %s", ([address, source]) => {
  expect(sourceOf(address)).toBe(source);
});
