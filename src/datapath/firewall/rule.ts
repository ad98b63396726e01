import type { FirewallRule, Service } from "../../model/firewall.ts";
import { dropCounter, OVERLAY } from "../names.ts";
import { nftAddress } from "../nat/match.ts";

/** The named counter of a rule: it outlives changes of the rules around it. */
export const ruleCounter = (id: string): string => `rule-${id}`;

const directions = { IN: [`oifname "${OVERLAY}"`], OUT: [`iifname "${OVERLAY}"`], IN_OUT: [""] } as const;

/** One nft rule per service; all count into the rule's counter. */
export function compileFirewallRule(rule: FirewallRule): string[] {
  if (rule.enabled === false) return [];
  const addresses = [...addressMatch("ip saddr", rule.sources), ...addressMatch("ip daddr", rule.destinations)];
  return directions[rule.direction ?? "IN_OUT"].flatMap((direction) =>
    services(rule.services).flatMap((service) => {
      const conditions = [direction, ...addresses, ...service];
      return [
        ...(rule.logging ? [line([...conditions, `log prefix "pcg firewall ${rule.id} "`])] : []),
        line([...conditions, `counter name "${ruleCounter(rule.id)}"`, verdicts[rule.action]]),
      ];
    }),
  );
}

const verdicts = {
  ALLOW: "goto follow",
  DROP: `counter name "${dropCounter("FIREWALL_RULE")}" drop`,
  REJECT: `counter name "${dropCounter("FIREWALL_RULE")}" jump refuse`,
} as const;

const line = (words: readonly string[]) => words.filter(Boolean).join(" ");

const addressMatch = (field: string, prefixes: readonly string[] = []): string[] =>
  prefixes.length === 0 ? [] : [`${field} ${anonymousSet(prefixes.map(nftAddress))}`];

const anonymousSet = (values: readonly string[]) => (values.length === 1 ? values[0] : `{ ${values.join(", ")} }`);

function services(wanted: readonly Service[] = []): string[][] {
  return wanted.length === 0 ? [[]] : wanted.map(serviceMatch);
}

function serviceMatch({ protocol, sourcePorts, destinationPorts, icmpType }: Service): string[] {
  if (protocol === "icmp") return [icmpType === undefined ? "ip protocol icmp" : `icmp type ${icmpType}`];
  const ports = [
    ...(sourcePorts === undefined ? [] : [`${protocol} sport ${sourcePorts}`]),
    ...(destinationPorts === undefined ? [] : [`${protocol} dport ${destinationPorts}`]),
  ];
  return ports.length > 0 ? ports : [`meta l4proto ${protocol}`];
}
