import fc from "fast-check";
import { expect, test } from "vitest";
import { markText } from "../../model/nft/field.ts";
import { numberRules } from "./number.ts";

test("numberRules gives every rule a number of its own that is never 0", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 200 }), (ids) => {
      const numbers = [...numberRules(ids).values()];
      expect(new Set(numbers).size).toBe(ids.length);
      expect(numbers.every((n) => n > 0 && n <= 0x7fff_ffff)).toBe(true);
    }),
  );
});

test("numberRules keeps a rule's number when others come and go", () => {
  const alone = numberRules(["web"]).get("web");
  expect(numberRules(["a", "web", "zz"]).get("web")).toBe(alone);
  expect(markText(alone ?? 0)).toMatch(/^0x[0-9a-f]{8}$/);
});
