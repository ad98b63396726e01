import fc from "fast-check";
import { expect, test } from "vitest";
import { messageOf, PcgError } from "./error.ts";
import { formatLine } from "./log.ts";

test("formatLine makes one line that a terminal obeys in nothing, whatever the text and the facts are", () => {
  expect(formatLine("refused\n<3>forged", { name: "a\u001b[2J", hosts: ["x\u009b", "\u202ey"] })).toBe(
    'refused\\n<3>forged name=a\\u001b[2J hosts=["x\\u009b","\\u202ey"]',
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" }), (text, value) => {
      expect(formatLine(text, { value, text })).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("an error's text is one line that a terminal obeys in nothing; its facts stay as they are", () => {
  const error = new PcgError("CONFIG_UNREADABLE", { file: "\u001b]0;x\u0007\nfile", why: ["\u2066"] });
  expect(error.message).toContain('file=\\u001b]0;x\\u0007\\nfile, why=["\\u2066"]');
  expect(error.detail["file"]).toBe("\u001b]0;x\u0007\nfile");
  expect(messageOf(new SyntaxError("Unexpected token '\u001b'\nline 2"))).toBe("Unexpected token '\\u001b'\nline 2");
});
