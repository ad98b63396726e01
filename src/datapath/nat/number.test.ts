import fc from "fast-check";
import { expect, test } from "vitest";
import { CONNECTION_IS_OURS } from "../../model/connection.ts";
import { markText } from "../../model/nft/field.ts";
import { numberRules } from "./number.ts";

const rule = (id: string, says = "") => ({ id, says });

test("numberRules gives every rule a number of its own that says the connection is ours", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 200 }), (ids) => {
      const numbers = [...numberRules(ids.map((id) => rule(id))).values()];
      expect(new Set(numbers).size).toBe(ids.length);
      expect(numbers.every((n) => n > CONNECTION_IS_OURS && n <= 0x7fff_ffff)).toBe(true);
    }),
  );
});

test("numberRules keeps a rule's number when others come and go, and changes it when the rule says something else", () => {
  const alone = numberRules([rule("web", "to .3")]).get("web");
  expect(numberRules([rule("a"), rule("web", "to .3"), rule("zz")]).get("web")).toBe(alone);
  expect(numberRules([rule("web", "to .4")]).get("web")).not.toBe(alone);
  expect(markText(alone ?? 0)).toMatch(/^0x[0-9a-f]{8}$/);
});
