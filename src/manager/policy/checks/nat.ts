import type { NatRule } from "../../../model/nat.ts";
import { natRuleFlaws } from "../../../model/nat-check.ts";
import { claim } from "../claims.ts";
import { kindOf, type ObjectOf } from "../kinds.ts";
import type { Check, Finding, Scope } from "./check.ts";

/** How a gateway's rule and the policy's name the same things. */
const policyName: { readonly [field: string]: keyof ObjectOf<"PolicyNatRule"> } = {
  protocol: "service",
  sourcePorts: "service",
  destinationPorts: "service",
  sourceNetwork: "source_network",
  destinationNetwork: "destination_network",
  translatedNetwork: "translated_network",
  translatedPorts: "translated_ports",
};

/** A NAT rule is one that gateways can do. */
export const natRules: Check = function* (scope) {
  const fresh = scope.present("PolicyNatRule");
  const users = scope.present("Service").flatMap(([path]) => usersOf(scope, path));
  for (const [path, rule] of new Map([...fresh, ...users])) yield* ruleFlaws(scope, path, rule);
};

/** Rules that were there already mean something else when their service does. */
const usersOf = (scope: Scope, service: string) =>
  [...scope.draft.holders(claim.to(service))].flatMap((path) => {
    const rule = kindOf(path) === "PolicyNatRule" ? scope.object("PolicyNatRule", path) : undefined;
    return rule ? [[path, rule] as const] : [];
  });

function* ruleFlaws(scope: Scope, path: string, rule: ObjectOf<"PolicyNatRule">): Generator<Finding> {
  const service = rule.service === undefined ? undefined : scope.object("Service", rule.service);
  // One that is not there is somebody else's finding.
  if (rule.service !== undefined && !service) return;
  const match = service ? matchOf(service) : {};
  if (typeof match === "string") {
    yield { path, field: "service", value: rule.service, why: match };
    return;
  }
  for (const { field, why } of natRuleFlaws({ ...ruleOf(rule), ...match })) {
    const name = policyName[field] ?? "action";
    yield { path, field: name, value: rule[name], why: inPolicyWords(why) };
  }
}

type Match = Pick<NatRule, "protocol" | "sourcePorts" | "destinationPorts">;

/** @returns why it cannot be a NAT rule's, where it cannot */
function matchOf({ service_entries: entries }: ObjectOf<"Service">): Match | string {
  const [entry] = entries;
  if (!entry || entries.length !== 1)
    return `has ${entries.length} entries, and a NAT rule matches one; make a service of one entry`;
  if (entry.resource_type === "ICMPTypeServiceEntry")
    return entry.icmp_type === undefined
      ? { protocol: "icmp" }
      : "names an ICMP type, and NAT rules match all of ICMP; leave icmp_type out";
  const { source_ports: from = [], destination_ports: to = [] } = entry;
  if (from.length > 1 || to.length > 1)
    return "has a list of ports, and a NAT rule matches one port or range; make a service with one";
  return {
    protocol: entry.l4_protocol === "TCP" ? "tcp" : "udp",
    ...(from[0] === undefined ? {} : { sourcePorts: from[0] }),
    ...(to[0] === undefined ? {} : { destinationPorts: to[0] }),
  };
}

function ruleOf({ id, action, ...rule }: ObjectOf<"PolicyNatRule">): NatRule {
  const { source_network, destination_network, translated_network, translated_ports } = rule;
  return {
    id,
    action,
    ...(source_network === undefined ? {} : { sourceNetwork: source_network }),
    ...(destination_network === undefined ? {} : { destinationNetwork: destination_network }),
    ...(translated_network === undefined ? {} : { translatedNetwork: translated_network }),
    ...(translated_ports === undefined ? {} : { translatedPorts: translated_ports }),
  };
}

const inPolicyWords = (why: string) =>
  why
    .replaceAll("ports need protocol tcp or udp", "ports need a service of TCP or UDP")
    .replaceAll("destinationPorts", "the destination ports of the service")
    .replaceAll(/\b(source|destination|translated)Network\b/g, "$1_network");
