import type { Clause, Term } from "./conditions.ts";
import type { Appearance, Interface } from "./subject.ts";

export const fits = (clause: Clause, one: Interface): boolean => clause.every((term) => holds(term, one[term.of]));

const operators: Readonly<Record<Exclude<Term["operator"], "NOTEQUALS">, (actual: string, value: string) => boolean>> =
  {
    EQUALS: (actual, value) => actual === value,
    CONTAINS: (actual, value) => actual.includes(value),
    STARTSWITH: (actual, value) => actual.startsWith(value),
    ENDSWITH: (actual, value) => actual.endsWith(value),
  };

/** Of several tags one is enough; unequal is what has none that is equal. */
function holds({ field, operator, scope, value }: Term, appearance: Appearance): boolean {
  if (operator === "NOTEQUALS")
    return !holds({ of: "VirtualMachine", field, operator: "EQUALS", scope, value }, appearance);
  const test = operators[operator];
  if (field !== "Tag") return plain(field, appearance).some((actual) => test(actual, value));
  return appearance.tags.some(
    (tag) => (scope === "" || tag.scope === scope) && (value === "" || test(tag.tag ?? "", value)),
  );
}

function plain(field: Exclude<Term["field"], "Tag">, { path, name, osName, image }: Appearance): string[] {
  const actual = { Path: path, Name: name, OSName: osName, Image: image }[field];
  return actual === undefined ? [] : [actual];
}

/** What a term asks for that can be looked up; undefined: it has to be tried. */
export const facetOf = ({ of, field, operator, scope, value }: Term): string | undefined =>
  operator === "EQUALS" ? facet(of, field, `${scope}|${value}`) : undefined;

const facet = (of: Term["of"], field: Term["field"], value: string) => `${of} ${field} ${value}`;

const kinds = ["VirtualMachine", "Segment", "SegmentPort"] as const;
const plainFields = ["Path", "Name", "OSName", "Image"] as const;

/** All that an equal term could ask for and find in it. */
export const facetsOf = (one: Interface): Set<string> =>
  new Set(
    kinds.flatMap((of) => [
      ...plainFields.flatMap((field) => plain(field, one[of]).map((value) => facet(of, field, `|${value}`))),
      ...one[of].tags.flatMap(({ scope = "", tag = "" }) =>
        [`${scope}|${tag}`, `${scope}|`, `|${tag}`, "|"].map((value) => facet(of, "Tag", value)),
      ),
    ]),
  );
