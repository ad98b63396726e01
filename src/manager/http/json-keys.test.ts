import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatedKey } from "./json-keys.ts";

test.each([
  ['{"a": 1, "a": 2}', "a"],
  ['{"a": {"b": 1}, "c": [{"x": 1}, {"y": 1, "z": "y", "y": 2}]}', "c[1].y"],
  ['{"a": 1, "\\u0061": 2}', "a"],
  ['[[], [{"q\\"": 1, "q\\"": 2}]]', '[1][0].q"'],
  ['{"__proto__": 1, "__proto__": 2}', "__proto__"],
])("repeatedKey of %s is %s", (text, path) => {
  expect(repeatedKey(text)).toBe(path);
});

test("repeatedKey finds nothing in what JSON.stringify wrote", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(2), (value, indent) => {
      expect(repeatedKey(JSON.stringify(value, undefined, indent))).toBeUndefined();
    }),
  );
});

test("repeatedKey finds a key that is put in again, wherever", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, n) => {
      const keys = Object.keys(object);
      const again = JSON.stringify(keys[n % keys.length]);
      const text = JSON.stringify({ list: [object] });
      expect(repeatedKey(text.replace(/\}\]\}$/, () => `,${again}:0}]}`))).toBeDefined();
    }),
  );
});

test("repeatedKey reads any text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "a", "1")), (parts) => {
      expect(() => repeatedKey(parts.join(""))).not.toThrow();
    }),
  );
});
