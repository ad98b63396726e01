import type { Expression } from "../kinds/security.ts";
import { kindOf } from "../kinds.ts";
import { referencesOf } from "../references.ts";
import type { Check, Finding, Scope } from "./check.ts";

type Found = Omit<Finding, "path">;

/** An expression is a sentence, and no group is a part of itself. */
export const groups: Check = function* (scope) {
  for (const [path, { expression }] of scope.present("Group")) {
    for (const found of [...grammarFlaws(expression), ...expression.flatMap(conditionFlaws)]) yield { path, ...found };
    const circle = circleThrough(scope, path);
    if (circle) {
      const why = `makes ${path} a part of itself: ${circle.way.join(" > ")}; take one of these out`;
      yield { path, field: circle.field, value: circle.way[0], why };
    }
  }
};

const isConjunction = (part: Expression | undefined) => part?.resource_type === "ConjunctionOperator";

/** Parts with a conjunction between each two; AND joins conditions only. */
function grammarFlaws(expression: readonly Expression[]): Found[] {
  const flaws = expression.flatMap((part, i): Found[] => {
    const field = `expression[${i}]`;
    const value = part.resource_type;
    if (i % 2 === 0)
      return isConjunction(part) ? [{ field, value, why: "has no part before it to join; put one there" }] : [];
    if (part.resource_type !== "ConjunctionOperator")
      return [{ field, value, why: "needs a ConjunctionOperator between it and the part before" }];
    if (expression[i + 1] === undefined)
      return [{ field, value, why: "has no part after it; leave it out, or add one" }];
    const isOfConditions = [expression[i - 1], expression[i + 1]].every((p) => p?.resource_type === "Condition");
    return part.conjunction_operator === "AND" && !isOfConditions
      ? [{ field: `${field}.conjunction_operator`, value: "AND", why: "only joins conditions; take OR" }]
      : [];
  });
  // After the first that is out of place, all others are.
  return flaws.slice(0, 1);
}

/** What is known of each; a segment or port is from no image. */
const ofVmsOnly: ReadonlySet<string> = new Set(["OSName", "Image"]);

function conditionFlaws(part: Expression, i: number): Found[] {
  if (part.resource_type !== "Condition") return [];
  const { key, member_type, value } = part;
  const field = `expression[${i}]`;
  if (ofVmsOnly.has(key) && member_type !== "VirtualMachine")
    return [
      { field: `${field}.key`, value: key, why: `is not known of a ${member_type}; take member_type VirtualMachine` },
    ];
  return key === "Tag" && value.split("|").length > 2
    ? [{ field: `${field}.value`, value, why: "must be SCOPE|TAG, with one | at most" }]
    : [];
}

interface Circle {
  readonly field: string;
  /** From what the group names to the group itself. */
  readonly way: readonly string[];
}

const GROUP = "Group";

const groupsIn = (scope: Scope, path: string) => {
  const group = scope.object(GROUP, path);
  return group ? referencesOf(GROUP, group).filter((reference) => kindOf(reference.path) === GROUP) : [];
};

function circleThrough(scope: Scope, path: string): Circle | undefined {
  for (const { field, path: first } of groupsIn(scope, path)) {
    const way = wayBetween(scope, first, path);
    if (way) return { field, way };
  }
  return undefined;
}

/** Looks without recursion, and at no group twice: long chains are no trouble. */
function wayBetween(scope: Scope, first: string, last: string): string[] | undefined {
  const from = new Map<string, string | undefined>([[first, undefined]]);
  for (const here of from.keys()) {
    if (here === last) return wayTo(here, from);
    for (const { path: next } of groupsIn(scope, here)) if (!from.has(next)) from.set(next, here);
  }
  return undefined;
}

function wayTo(end: string, from: ReadonlyMap<string, string | undefined>): string[] {
  const way: string[] = [];
  for (let here: string | undefined = end; here !== undefined; here = from.get(here)) way.unshift(here);
  return way;
}
