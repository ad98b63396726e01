import type { FirewallRule, Service } from "../../model/firewall.ts";
import type { Part, Rule } from "../../model/nft/rule.ts";
import { dropCounter, OVERLAY } from "../names.ts";
import {
  count,
  drop,
  goTo,
  icmpType,
  iifname,
  ipDaddr,
  ipSaddr,
  jump,
  l4proto,
  log,
  oifname,
  port,
  rule,
} from "../nft-rule.ts";

/** The named counter of a rule: it outlives changes of the rules around it. */
export const ruleCounter = (id: string): string => `rule-${id}`;

const directions = { IN: oifname(OVERLAY), OUT: iifname(OVERLAY), IN_OUT: undefined } as const;

/** One nft rule per service; all count into the rule's counter. */
export function compileFirewallRule(firewallRule: FirewallRule): Rule[] {
  const { id, enabled, direction, sources = [], destinations = [], services = [], logging, action } = firewallRule;
  if (enabled === false) return [];
  const addresses = [
    ...(sources.length > 0 ? [ipSaddr(...sources)] : []),
    ...(destinations.length > 0 ? [ipDaddr(...destinations)] : []),
  ];
  return (services.length === 0 ? [[]] : services.map(serviceMatch)).flatMap((service) => {
    const conditions = rule(directions[direction ?? "IN_OUT"], addresses, service);
    return [
      ...(logging ? [rule(conditions, log(`pcg firewall ${id} `))] : []),
      rule(conditions, count(ruleCounter(id)), verdicts[action]),
    ];
  });
}

const verdicts = {
  ALLOW: [goTo("follow")],
  DROP: drop("FIREWALL_RULE"),
  REJECT: [count(dropCounter("FIREWALL_RULE")), jump("refuse")],
} as const satisfies Record<FirewallRule["action"], readonly Part[]>;

function serviceMatch({ protocol, sourcePorts, destinationPorts, icmpType: type }: Service): Part[] {
  if (protocol === "icmp") return [type === undefined ? l4proto("icmp") : icmpType(type)];
  const ports = [
    ...(sourcePorts === undefined ? [] : [port(protocol, "sport", sourcePorts)]),
    ...(destinationPorts === undefined ? [] : [port(protocol, "dport", destinationPorts)]),
  ];
  return ports.length > 0 ? ports : [l4proto(protocol)];
}
