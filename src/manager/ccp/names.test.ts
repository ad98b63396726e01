import fc from "fast-check";
import { expect, test } from "vitest";
import { nthName, ruleName } from "./names.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const id = fc.oneof(fc.stringMatching(/^[ab][ab._-]{0,4}$/), fc.stringMatching(/^a{30,63}$/));

test("ruleName is an id, and another for every rule of every policy", () => {
  expect(ruleName("web", "from-admins")).toBe("web.from-admins");
  expect(ruleName("a.b", "c")).not.toBe(ruleName("a", "b.c"));
  fc.assert(
    fc.property(id, id, id, id, (a, b, c, d) => {
      expect(ruleName(a, b)).toMatch(ID);
      expect(ruleName(a, b) === ruleName(c, d)).toBe(a === c && b === d);
    }),
  );
});

test("nthName of one alone is its own", () => {
  expect(nthName("web", 0)).toBe("web");
  expect(new Set([0, 1, 2].map((n) => nthName("w".repeat(63), n))).size).toBe(3);
  expect(nthName("w".repeat(63), 1)).toMatch(ID);
});
