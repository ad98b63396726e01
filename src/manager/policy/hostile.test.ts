import fc from "fast-check";
import { expect, test } from "vitest";
import { author, goodTree, goodWorld } from "../../../test/policy-world.ts";
import { patch, put } from "./edit.ts";
import { patchTree } from "./hierarchy.ts";
import { readTree } from "./read-tree.ts";

/** For machines that have other things to do. */
const PATIENCE_MS = 60_000;

const paths = Object.keys(goodWorld().all());

/** Names that mean something here, and those that mean something to JavaScript. */
const aName = fc.constantFrom(
  ...["id", "resource_type", "children", "rules", "subnets", "expression", "secondaries", "pat", "ports", "paths"],
  ...["Segment", "Domain", "marked_for_delete", "_revision", "service_entries", "address_bindings", "attachment"],
  ...["__proto__", "constructor", "toString", "length"],
);
const aText = fc.constantFrom(
  ...["ChildSegment", "ChildDomain", "ChildResourceReference", "Child__proto__", "Infra", "default", "a", "ANY", ""],
  ...["/infra/segments/web", "10.0.0.1/24", "10.0.0.1", "/infra/domains/default/groups/web", "1-2", "USER", "../x"],
);

/** As it comes out of JSON.parse: `__proto__` is a name like others there. */
const aJson = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(
        aText,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(aName, tie("value")), { maxLength: 6 }).map((rows) => textOf(rows)),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value), revive) as unknown);

/** An object whose names may be `__proto__`, through the text that makes one. */
const textOf = (rows: readonly (readonly [string, unknown])[]) => ({ "as json": rows });
const revive = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "as json" in value
    ? JSON.parse(
        `{${(value["as json"] as [string, unknown][]).map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`,
      )
    : value;

test(
  "edits of random JSON are done or refused on purpose",
  () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), aJson, (path, body) => {
        const world = goodWorld();
        world.refusal(patch(path, body, author));
        world.refusal(put(path, body, author));
        world.refusal(patchTree(body, author));
      }),
      { numRuns: 500 },
    );
  },
  PATIENCE_MS,
);

/** Every place of a value, as the names that lead to it. */
const placesIn = (value: unknown): string[][] =>
  typeof value !== "object" || value === null
    ? [[]]
    : [[], ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner).map((place) => [name, ...place]))];

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const inner = replaced((value as Record<string, unknown>)[name], rest, by);
  if (Array.isArray(value)) return value.map((item: unknown, i) => (String(i) === name ? inner : item));
  return { ...(value as object), [name]: inner };
}

test(
  "patchTree of a good tree with something else somewhere is done or refused on purpose, and stays sound",
  () => {
    const places = placesIn(goodTree);
    fc.assert(
      fc.property(fc.constantFrom(...places), aJson, (place, by) => {
        const world = goodWorld();
        const before = world.all();
        const refusal = world.refusal(patchTree(replaced(goodTree, place, by), author));
        if (refusal.length > 0) expect(world.all()).toEqual(before);
        else expect(world.refusal(patchTree(readTree(world.documents), author))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
  PATIENCE_MS,
);

const nested = (depth: number, inside: (value: unknown) => unknown) => {
  let value: unknown = {};
  for (let n = 0; n < depth; n++) value = inside(value);
  return value;
};

test.each([
  { what: "lists", inside: (value: unknown) => [value] },
  { what: "objects", inside: (value: unknown) => ({ children: value }) },
  {
    what: "children",
    inside: (value: unknown) => ({ resource_type: "ChildSegment", Segment: { id: "a" }, children: [value] }),
  },
])("edits refuse $what nested 100,000 deep, and do not overflow", ({ inside }) => {
  const body = nested(100_000, inside);
  const why = "is nested more than 20 deep; no object of the policy tree is";
  const world = goodWorld();
  for (const change of [
    patch("/infra/segments/web", body, author),
    put("/infra/segments/web", body, author),
    patchTree(body, author),
  ])
    expect(world.refusal(change)).toEqual(["MANAGER_BAD_REQUEST", JSON.stringify({ field: "", why })]);
});

test.each([
  { what: "fields", body: Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`x${n}`, n])) },
  { what: "rules", body: { rules: Array.from({ length: 100_000 }, (_, n) => ({ id: `r${n % 9}` })) } },
  { what: "children", body: { resource_type: "Infra", children: Array.from({ length: 100_000 }, () => 5) } },
])(
  "edits refuse 100,000 wrong $what and name a hundred",
  ({ body }) => {
    const world = goodWorld();
    const [code, ...flaws] = world.refusal(
      "children" in body
        ? patchTree(body, author)
        : patch("/infra/domains/default/security-policies/dfw", body, author),
    );
    expect(code).toBe("MANAGER_BAD_REQUEST");
    expect(flaws).toHaveLength(100);
  },
  30_000,
);

test("edits say the beginning of what is too long to say", () => {
  const [, flaw] = goodWorld().refusal(patch("/infra/segments/web", { domain_name: "x".repeat(1_000_000) }, author));
  expect(flaw?.length).toBeLessThan(500);
});
