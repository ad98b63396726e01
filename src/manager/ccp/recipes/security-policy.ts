import { idIn } from "../../policy/kinds.ts";
import { ANYONE, fact } from "../facts.ts";
import { ruleName } from "../names.ts";
import { at, piece, TIER0S, type TreeRecipe } from "../tree.ts";
import { orderOfSecurityPolicy } from "./order.ts";
import { groupsOf, ruleBody } from "./rule.ts";

/** A section of the distributed firewall with its rules: one piece, as its order counts. */
export const securityPolicy: TreeRecipe<"SecurityPolicy"> = (policy, look) => {
  const { id, path, scope = ["ANY"] } = policy;
  const rules = look
    .keys(`${path}/rules/`)
    .flatMap((key) => at<"Rule">(look, key) ?? [])
    .toSorted((a, b) => (a.sequence_number ?? 0) - (b.sequence_number ?? 0));
  const body = {
    order: orderOfSecurityPolicy(policy),
    rules: rules.flatMap((rule) => ruleBody(rule, ruleName(id, rule.id), look) ?? []),
  };
  const groups = [...new Set(rules.flatMap(groupsOf))];
  const scopes = scope.includes("ANY") ? [ANYONE] : scope.map(idIn);
  return [
    ...scopes.map((whom) => fact("scope", [whom, id], true)),
    ...look
      .keys(TIER0S)
      .map(idIn)
      .flatMap((tier0) => [
        piece(tier0, "policy", id, body),
        ...groups.map((group) => fact("uses", [group, tier0], true)),
      ]),
  ];
};
