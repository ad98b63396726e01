import { idIn, type ObjectOf, parentOf } from "../../policy/kinds.ts";
import { fact } from "../facts.ts";
import type { Look } from "../graph.ts";
import { ruleName } from "../names.ts";
import { at, piece, TIER0S, type TreeRecipe } from "../tree.ts";
import { orderOfGatewayPolicy } from "./order.ts";
import { groupsOf, ruleBody } from "./rule.ts";

/** A rule of the gateway firewall, on every Tier-0 that it is for. */
export const gatewayRule: TreeRecipe<"GatewayRule"> = (rule, look) => {
  const policy = at<"GatewayPolicy">(look, parentOf(rule.path));
  const said = policy && ruleBody(rule, ruleName(policy.id, rule.id), look);
  if (!said) return [];
  const order = [orderOfGatewayPolicy(policy), rule.sequence_number ?? 0];
  return tier0sOf(rule, look).flatMap((tier0) => [
    piece(tier0, "rule", `${policy.id}|${rule.id}`, { section: policy.id, order, ...said }),
    ...groupsOf(rule).map((group) => fact("uses", [group, tier0], true)),
  ]);
};

const tier0sOf = ({ scope }: ObjectOf<"GatewayRule">, look: Look): string[] =>
  (scope?.filter((path) => look.has(path)) ?? look.keys(TIER0S)).map(idIn);
