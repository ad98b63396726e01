import type { Service } from "../../../model/firewall.ts";
import { idIn, type ObjectOf } from "../../policy/kinds.ts";
import type { Look } from "../graph.ts";
import { servicesAt, servicesOf } from "./services.ts";

type AnyRule = ObjectOf<"Rule"> | ObjectOf<"GatewayRule">;

/**
 * What a rule of either firewall says.
 *
 * @param id names it among the rules of all policies
 * @returns undefined where it is for services none of which exists: without them it would be for all
 */
export function ruleBody(rule: AnyRule, id: string, look: Look) {
  const services = servicesFor(rule, look);
  if (services?.length === 0) return undefined;
  const sources = whom(rule.source_groups);
  const destinations = whom(rule.destination_groups);
  return {
    id,
    action: rule.action,
    ...(rule.direction !== undefined && { direction: rule.direction }),
    ...(sources.prefixes.length > 0 && { sources: sources.prefixes }),
    ...(sources.groups.length > 0 && { sourceGroups: sources.groups }),
    ...(destinations.prefixes.length > 0 && { destinations: destinations.prefixes }),
    ...(destinations.groups.length > 0 && { destinationGroups: destinations.groups }),
    ...(services && { services }),
    ...(rule.disabled === true && { enabled: false }),
    ...(rule.logged === true && { logging: true }),
    ...("persist_established" in rule && rule.persist_established === true && { persistEstablished: true }),
  };
}

export const groupsOf = (rule: AnyRule): string[] => [
  ...new Set([...whom(rule.source_groups).groups, ...whom(rule.destination_groups).groups]),
];

const ANY = "ANY";

/** Neither: anybody. */
function whom(list: readonly string[] = []): { readonly prefixes: string[]; readonly groups: string[] } {
  if (list.includes(ANY)) return { prefixes: [], groups: [] };
  const isPath = (one: string) => one.startsWith("/");
  return { prefixes: list.filter((one) => !isPath(one)), groups: list.filter(isPath).map(idIn) };
}

/** Undefined: all. */
function servicesFor({ services = [], service_entries = [] }: AnyRule, look: Look): Service[] | undefined {
  if (services.includes(ANY) || services.length + service_entries.length === 0) return undefined;
  return [...services.flatMap((path) => servicesAt(look, path) ?? []), ...service_entries.flatMap(servicesOf)];
}
