import { type KindName, kindOf } from "../../policy/kinds.ts";
import type { Recipe } from "../graph.ts";
import type { TreeRecipe } from "../tree.ts";
import { AGENTS, agentCertificate } from "./agent-certificate.ts";
import { gatewayRule } from "./gateway-rule.ts";
import { group } from "./group.ts";
import { natRule } from "./nat-rule.ts";
import { port } from "./port.ts";
import { securityPolicy } from "./security-policy.ts";
import { segment, staticBinding } from "./segment.ts";
import { elasticIp, gateway, staticRoutes, tier0 } from "./tier0.ts";
import { virtualMachine } from "./virtual-machine.ts";

/** What follows from an object of each kind. Nothing follows from the others but through those that name them. */
const recipes: { readonly [K in KindName]?: TreeRecipe<K> } = {
  VirtualMachine: virtualMachine,
  Tier0: tier0,
  PublicCloudGateway: gateway,
  StaticRoutes: staticRoutes,
  ElasticIp: elasticIp,
  Segment: segment,
  SegmentPort: port,
  DhcpV4StaticBindingConfig: staticBinding,
  PolicyNatRule: natRule,
  Group: group,
  GatewayRule: gatewayRule,
  SecurityPolicy: securityPolicy,
};

/** Documents were found sound when they were written: what is at a path is of its kind. */
export function recipeForDocument(path: string): Recipe | undefined {
  if (path.startsWith(AGENTS)) return agentCertificate(path);
  const kind = kindOf(path);
  return kind && (recipes[kind] as Recipe | undefined);
}
