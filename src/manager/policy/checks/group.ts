import type { Expression } from "../kinds/security.ts";
import { kindOf } from "../kinds.ts";
import { referencesOf } from "../references.ts";
import type { Check, Finding, Scope } from "./check.ts";
import { circleFrom } from "./circle.ts";

type Found = Omit<Finding, "path">;

/** An expression is a sentence, and no group is a part of itself. */
export const groups: Check = function* (scope) {
  const fresh = scope.present("Group");
  for (const [path, { expression }] of fresh)
    for (const found of [...grammarFlaws(expression), ...expression.flatMap(conditionFlaws)]) yield { path, ...found };
  yield* circleFlaws(
    scope,
    fresh.map(([path]) => path),
  );
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

/** Of a long way, its beginning is enough. */
const MOST_NAMED = 10;

/** A circle goes through a group that was edited, as there was none before. One is enough to say. */
function* circleFlaws(scope: Scope, edited: readonly string[]): Generator<Finding> {
  const circle = circleFrom(edited, (path) => groupsIn(scope, path).map((reference) => reference.path));
  const own = new Set(edited);
  const start = circle?.findIndex((path) => own.has(path)) ?? -1;
  const path = circle?.[start];
  if (!circle || path === undefined) return;
  const way = [...circle.slice(start + 1), ...circle.slice(0, start + 1)];
  const field = groupsIn(scope, path).find((reference) => reference.path === way[0])?.field ?? "expression";
  const shown = way.length > MOST_NAMED ? [...way.slice(0, MOST_NAMED), "…"] : way;
  const why = `makes ${path} a part of itself: ${shown.join(" > ")}; take one of these out`;
  yield { path, field, value: way[0], why };
}

const groupsIn = (scope: Scope, path: string) => {
  const group = scope.object("Group", path);
  return group ? referencesOf("Group", group).filter((reference) => kindOf(reference.path) === "Group") : [];
};
