import fc from "fast-check";
import { expect, test } from "vitest";
import { factKey } from "../facts.ts";
import type { Conditions, Term } from "./conditions.ts";
import { fits } from "./match.ts";
import { Memberships } from "./memberships.ts";
import type { Appearance, Interface, Subject } from "./subject.ts";

const word = fc.constantFrom("x", "y", "xy");
const appearance: fc.Arbitrary<Appearance> = fc.record(
  {
    path: fc.constantFrom("/p", "/q"),
    name: word,
    tags: fc.array(fc.record({ scope: word, tag: word }, { requiredKeys: [] }), { maxLength: 2 }),
    osName: word,
  },
  { requiredKeys: ["path", "name", "tags"] },
);
const anInterface: fc.Arbitrary<Interface> = fc.record({
  tier0: fc.constant("t0"),
  addresses: fc.constant([]),
  VirtualMachine: appearance,
  Segment: appearance,
  SegmentPort: appearance,
});
const anyTerm: fc.Arbitrary<Term> = fc.record({
  of: fc.constantFrom("VirtualMachine", "Segment", "SegmentPort"),
  field: fc.constantFrom("Tag", "Tag", "Name", "OSName", "Path"),
  operator: fc.constantFrom("EQUALS", "EQUALS", "NOTEQUALS", "CONTAINS", "ENDSWITH"),
  scope: fc.constantFrom("", "x", "y"),
  value: fc.constantFrom("", "x", "y", "/p"),
});
/** Only tags have scopes. */
const term = anyTerm.map((one) => (one.field === "Tag" ? one : { ...one, scope: "" }));
const clauses = fc.array(fc.array(term, { minLength: 1, maxLength: 2 }), { maxLength: 3 });

const name = fc.constantFrom("a", "b", "c");
const change = fc.oneof(
  fc
    .tuple(name, fc.option(fc.array(anInterface, { minLength: 1, maxLength: 2 }), { nil: undefined }))
    .map(([vm, interfaces]) => [factKey("subject", vm), interfaces && { vm, interfaces }] as const),
  fc
    .tuple(name, fc.option(clauses, { nil: undefined }))
    .map(([group, its]) => [factKey("conditions", group), its && { group, clauses: its, addresses: [] }] as const),
);

/** By trying everything on everything. */
function membershipsOf(facts: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const all = <T>(kind: string) => [...facts].flatMap(([key, value]) => (key.startsWith(kind) ? [value as T] : []));
  return Object.fromEntries(
    all<Subject>("subject/").map(({ vm, interfaces }) => {
      const groups = all<Conditions>("conditions/").flatMap((conditions) => {
        const its = interfaces.flatMap((one, n) => (conditions.clauses.some((clause) => fits(clause, one)) ? [n] : []));
        return its.length > 0 ? [[conditions.group, its] as const] : [];
      });
      return [vm, new Map(groups)];
    }),
  );
}

const vms = ["a", "b", "c"] as const;
const text = (map: unknown) => JSON.stringify([...((map ?? new Map()) as Map<string, unknown>)].sort());

function put(facts: Map<string, unknown>, turn: readonly (readonly [string, unknown])[]): void {
  for (const [key, value] of turn)
    if (value === undefined) facts.delete(key);
    else facts.set(key, value);
}

test("Memberships are those that trying everything on everything finds, and say which of them changed", () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 8 }), (turns) => {
      const facts = new Map<string, unknown>();
      const memberships = new Memberships(facts);
      for (const turn of turns) {
        const before = membershipsOf(facts);
        put(facts, turn);
        const told = memberships.changed(turn.map(([key]) => key));
        const now = membershipsOf(facts);
        expect(vms.map((vm) => text(memberships.get(vm)))).toEqual(vms.map((vm) => text(now[vm])));
        const different = vms.filter((vm) => text(before[vm]) !== text(now[vm]));
        expect(told.toSorted()).toEqual(different.map((vm) => factKey("membership", vm)));
      }
    }),
    { numRuns: 2_000 },
  );
});
