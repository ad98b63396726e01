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

/** What Deadlines stands for, without its haste. */
class Model {
  readonly real = new Deadlines<number>(123);
  readonly plain = new Map<number, number>();
  now = 123;

  set(key: number, ms: number) {
    this.real.set(key, this.now + ms);
    this.plain.set(key, this.now + ms);
  }

  clear(key: number) {
    this.real.clear(key);
    this.plain.delete(key);
  }

  wait(ms: number) {
    this.now += ms;
    const due = this.real.due(this.now);
    expect(new Set(due).size).toBe(due.length);
    for (const key of due) {
      expect(this.plain.get(key)).toBeLessThanOrEqual(this.now);
      this.plain.delete(key);
    }
    for (const at of this.plain.values()) expect(at).toBeGreaterThan(this.now - 2_000);
  }
}

test("Deadlines agrees with a plain map, whatever is set, moved and cleared, and however time jumps", () => {
  const step = fc.tuple(fc.constantFrom("set", "clear", "wait"), fc.nat(5), fc.nat(12_000));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const model = new Model();
      for (const [what, key, ms] of steps) {
        if (what === "set") model.set(key, ms);
        else if (what === "clear") model.clear(key);
        else model.wait(ms);
      }
    }),
  );
});
