import type { Condition, Expression } from "../../policy/kinds/security.ts";
import { idIn, type ObjectOf } from "../../policy/kinds.ts";
import type { Look } from "../graph.ts";
import { at } from "../tree.ts";

/** Something an interface, its VM or its segment must be. */
export interface Term {
  readonly of: Condition["member_type"];
  readonly field: Condition["key"] | "Path";
  readonly operator: Condition["operator"];
  /** Of tags: the scope it must have. Empty: any. */
  readonly scope: string;
  /** Of tags, empty: any. */
  readonly value: string;
}

/** All of it must be so. */
export type Clause = readonly Term[];

/** What a group looks for: whatever fits one of the clauses, and these addresses. */
export interface Conditions {
  readonly group: string;
  readonly clauses: readonly Clause[];
  readonly addresses: readonly string[];
}

/** With those of the groups it names, which in turn may name it. */
export function conditionsOf({ path }: ObjectOf<"Group">, look: Look): Conditions {
  const found = { clauses: [] as Clause[], addresses: new Set<string>() };
  const met = new Set<string>();
  const open = [path];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (met.has(next)) continue;
    met.add(next);
    const { clauses, addresses, groups } = partsOf(at<"Group">(look, next)?.expression ?? []);
    found.clauses.push(...clauses);
    for (const address of addresses) found.addresses.add(address);
    open.push(...groups);
  }
  return { group: idIn(path), clauses: found.clauses, addresses: [...found.addresses] };
}

interface Parts {
  readonly clauses: Term[][];
  readonly addresses: string[];
  readonly groups: string[];
}

/** AND binds the conditions on both sides of it to one clause; everything else stands alone. */
function partsOf(expression: ObjectOf<"Group">["expression"]): Parts {
  const parts: Parts = { clauses: [], addresses: [], groups: [] };
  for (const [n, one] of expression.entries()) {
    switch (one.resource_type) {
      case "Condition":
        if (isBound(expression, n)) parts.clauses.at(-1)?.push(termOf(one));
        else parts.clauses.push([termOf(one)]);
        break;
      case "IPAddressExpression":
        parts.addresses.push(...one.ip_addresses);
        break;
      case "PathExpression":
        for (const path of one.paths) addPath(parts, path);
        break;
      case "ConjunctionOperator":
        break;
    }
  }
  return parts;
}

/** To the condition before it. */
function isBound(expression: readonly Expression[], n: number): boolean {
  const [former, conjunction] = [expression[n - 2], expression[n - 1]];
  return (
    former?.resource_type === "Condition" &&
    conjunction?.resource_type === "ConjunctionOperator" &&
    conjunction.conjunction_operator === "AND"
  );
}

function termOf({ member_type: of, key: field, operator, value }: Condition): Term {
  if (field !== "Tag") return { of, field, operator, scope: "", value };
  const bar = value.indexOf("|");
  return { of, field, operator, scope: value.slice(0, Math.max(bar, 0)), value: value.slice(bar + 1) };
}

function addPath(parts: Parts, path: string): void {
  if (path.startsWith("/infra/domains/")) parts.groups.push(path);
  else parts.clauses.push([{ of: kindAt(path), field: "Path", operator: "EQUALS", scope: "", value: path }]);
}

function kindAt(path: string): Term["of"] {
  if (path.startsWith("/infra/virtual-machines/")) return "VirtualMachine";
  return path.includes("/ports/") ? "SegmentPort" : "Segment";
}
