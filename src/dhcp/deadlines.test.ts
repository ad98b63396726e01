import fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines } from "./deadlines.ts";

test("Deadlines gives a key once, never early, and at most a second late", () => {
  const deadlines = new Deadlines<string>(500);
  deadlines.set("a", 1_500);
  deadlines.set("b", 2_000);
  expect(deadlines.due(1_999)).toEqual([]);
  expect(deadlines.due(2_000)).toEqual(["a", "b"]);
  expect(deadlines.due(9_000)).toEqual([]);
});

test("Deadlines takes centuries in one step", () => {
  const deadlines = new Deadlines<number>(0);
  const CENTURY = 100 * 365 * 86_400_000;
  deadlines.set(1, CENTURY);
  deadlines.set(2, 3 * CENTURY);
  expect(deadlines.due(2 * CENTURY)).toEqual([1]);
  expect(deadlines.due(3 * CENTURY)).toEqual([2]);
});

test("Deadlines agrees with a plain map, whatever is set, moved and cleared, and however time jumps", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("set" as const), key: fc.nat(5), in: fc.nat(20_000) }),
    fc.record({ do: fc.constant("clear" as const), key: fc.nat(5), in: fc.constant(0) }),
    fc.record({ do: fc.constant("wait" as const), key: fc.constant(0), in: fc.integer({ min: 0, max: 8_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      let now = 123;
      const deadlines = new Deadlines<number>(now);
      const model = new Map<number, number>();
      for (const { do: what, key, in: ms } of steps) {
        if (what === "set") {
          deadlines.set(key, now + ms);
          model.set(key, now + ms);
        } else if (what === "clear") {
          deadlines.clear(key);
          model.delete(key);
        } else {
          now += ms;
          const due = new Set(deadlines.due(now));
          for (const [k, at] of model) {
            if (due.has(k)) expect(at).toBeLessThanOrEqual(now);
            else expect(at).toBeGreaterThan(now - 2_000);
            if (due.delete(k)) model.delete(k);
          }
          expect(due.size).toBe(0);
        }
      }
    }),
  );
});
