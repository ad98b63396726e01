import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { readYaml } from "./read-yaml.ts";

const laughs = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ...[..."bcdefghi"].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(", ")}]`),
].join("\n");

test.each([
  ["a billion laughs", laughs, "anchors are not read, at line 1"],
  ["an alias", "a: 1\nb: *a\n", "aliases are not read, at line 2"],
  ["a merge", "<<: *a\n", "aliases are not read, at line 1"],
  ["keys in keys", `${"? ".repeat(520)}x`, "keys that begin with a question mark are not read, at line 1"],
  ["lists in lists", "[".repeat(200_000), "more than 64 lists and mappings in each other, at line 1"],
  ["items in items", `${"- ".repeat(10_000)}x`, "more than 64 lists and mappings in each other, at line 1"],
  [
    "mappings in mappings",
    Array.from({ length: 1_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    "more than 64 lists and mappings in each other, at line 65",
  ],
  ["a key twice", "a: 1\na: 2\n", "Map keys must be unique at line 2, column 1"],
  ["a key twice, deeper", "p:\n  - {a: 1, a: 2}\n", "Map keys must be unique at line 2, column 12"],
  ["two documents", "a: 1\n---\nb: 1\n", expect.stringContaining("multiple documents")],
])("readYaml refuses %s", (_, text, why) => {
  expect(readYaml(text)).toEqual({ why });
});

test("readYaml takes what only looks like an alias, and a long list that is not deep", () => {
  expect(readYaml('a: "*b"\nb: x*y &z ? no\nc: |\n  *a\n   ? &b\n# *c\n')).toEqual({
    value: { a: "*b", b: "x*y &z ? no", c: "*a\n ? &b\n" },
  });
  const list = Array.from({ length: 5_000 }, (_, i) => ({ i }));
  expect(readYaml(stringify({ list }))).toEqual({ value: { list } });
});

test("readYaml reads back what stringify wrote", () => {
  const key = fc.string().filter((text) => text !== "__proto__");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (it) => {
      // Keys that YAML would write with a question mark are those of several lines or of more than a kilobyte.
      const text = stringify(it, { aliasDuplicateObjects: false });
      if (!/^\s*(- )*\? /m.test(text)) expect(readYaml(text)).toEqual({ value: it });
    }),
  );
});

test("readYaml makes of any text a value or one line", () => {
  const words = fc.constantFrom(
    "- ",
    "? ",
    ": ",
    "a: ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "  ",
    "*a",
    "&a ",
    "'",
    '"',
    "|",
    "#",
    "!!x ",
    "---\n",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 3 })), { maxLength: 60 }), (parts) => {
      const read = readYaml(parts.join(""));
      if ("why" in read) expect(read.why).toMatch(/^[^\n]+$/);
    }),
    { numRuns: 500 },
  );
});
