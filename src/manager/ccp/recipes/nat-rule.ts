import type { Service } from "../../../model/firewall.ts";
import { idIn } from "../../policy/kinds.ts";
import type { Look } from "../graph.ts";
import { nthName } from "../names.ts";
import { piece, type TreeRecipe, topOf } from "../tree.ts";
import { servicesAt } from "./services.ts";

/** A translation; one for each protocol and pair of port ranges that it is for. */
export const natRule: TreeRecipe<"PolicyNatRule"> = (rule, look) => {
  const tier0Path = topOf(rule.path);
  if (!look.has(tier0Path)) return [];
  const { id, action, enabled, logging } = rule;
  const body = {
    action,
    ...(rule.sequence_number !== undefined && { priority: rule.sequence_number }),
    ...(rule.source_network !== undefined && { sourceNetwork: rule.source_network }),
    ...(rule.destination_network !== undefined && { destinationNetwork: rule.destination_network }),
    ...(rule.translated_network !== undefined && { translatedNetwork: rule.translated_network }),
    ...(rule.translated_ports !== undefined && { translatedPorts: rule.translated_ports }),
    ...(enabled !== undefined && { enabled }),
    ...(logging !== undefined && { logging }),
  };
  return matches(look, rule.service).map((match, n) => {
    const name = nthName(id, n);
    return piece(idIn(tier0Path), "nat", name, { id: name, ...body, ...match });
  });
};

/** NAT cannot tell types of ICMP apart: rather no translation than one of more than was meant. */
function matches(look: Look, service: string | undefined): Partial<Omit<Service, "icmpType">>[] {
  if (service === undefined) return [{}];
  return (servicesAt(look, service) ?? []).filter(({ icmpType }) => icmpType === undefined);
}
