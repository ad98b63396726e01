import { parsePortRange } from "../../../net/port-range.ts";
import { claim } from "../claims.ts";
import { type ObjectOf, parentOf } from "../kinds.ts";
import type { Check, Finding, Scope } from "./check.ts";

/** What leaves a Tier-0 by PAT leaves by an Elastic IP of it that is nobody's own, from ports that one unit has. */
export const pats: Check = function* (scope) {
  const near = scope.of("ElasticIp").map(({ path }) => parentOf(path) ?? "");
  const fresh = scope.present("Tier0").map(([path]) => path);
  for (const path of new Set([...fresh, ...near])) {
    const tier0 = scope.object("Tier0", path);
    if (tier0?.pat) yield* patFlaws(scope, path, tier0.pat);
  }
};

type Pat = NonNullable<ObjectOf<"Tier0">["pat"]>;

function* patFlaws(scope: Scope, path: string, { elastic_ip: value, ports }: Pat): Generator<Finding> {
  const own = [...scope.draft.holders(claim.elastic(value))].find((holder) => holder.startsWith(`${path}/`));
  const field = "pat.elastic_ip";
  if (own === undefined)
    yield { path, field, value, why: "is not the address of an Elastic IP of this Tier-0; create that below it first" };
  else if (scope.object("ElasticIp", own)?.overlay_ip !== undefined)
    yield {
      path,
      field,
      value,
      why: `stands for one overlay address already; take overlay_ip out of ${own}, or another`,
    };
  const units = Object.entries(ports).map(([unit, text]) => ({ unit, text, ...parsePortRange(text) }));
  for (const [i, { unit, text, first, last }] of units.entries()) {
    const other = units.slice(0, i).find((earlier) => earlier.first <= last && first <= earlier.last);
    const why = `meets the ports of unit ${other?.unit}; give each unit its own`;
    if (other) yield { path, field: `pat.ports.${unit}`, value: text, why };
  }
}
