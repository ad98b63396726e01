import type { NatRule } from "../../model/nat.ts";
import { formatPortRange, parsePortRange, portCount } from "../../net/port-range.ts";
import type { Match } from "./match.ts";

/** What becomes of a packet that fits. */
export type Target =
  | { readonly form: "accept" }
  | { readonly form: "address"; readonly address: string }
  | { readonly form: "address-and-port"; readonly address: string; readonly ports: string }
  | { readonly form: "prefix"; readonly prefix: string };

/** One rule in the kernel's terms: at which end it works, what fits, what the packet gets. */
export interface Translation {
  readonly ruleId: string;
  readonly action: "dnat" | "snat";
  readonly match: Match;
  readonly to: Target;
  /** Set when new connections are to be logged: the rule's id. */
  readonly log?: string;
}

/** Rules in the order they are asked: priority, then as written. */
export const inOrder = (rules: readonly NatRule[]): NatRule[] =>
  rules
    .filter((r) => r.enabled !== false)
    .map((rule, at) => ({ rule, at }))
    .toSorted((a, b) => (a.rule.priority ?? 0) - (b.rule.priority ?? 0) || a.at - b.at)
    .map(({ rule }) => rule);

export function translationsOf(rule: NatRule): Translation[] {
  const match = matchOf(rule);
  const about = { ruleId: rule.id, ...(rule.logging ? { log: rule.id } : {}) };
  switch (rule.action) {
    case "NO_DNAT":
      return [{ ...about, action: "dnat", match, to: { form: "accept" } }];
    case "NO_SNAT":
      return [{ ...about, action: "snat", match, to: { form: "accept" } }];
    case "SNAT":
      return [{ ...about, action: "snat", match, to: targetOf(rule) }];
    case "DNAT":
      return portByPort(rule, match).map(({ match: m, to }) => ({ ...about, action: "dnat", match: m, to }));
    case "REFLEXIVE":
      return reflexive(rule, match).map((t) => ({ ...about, ...t }));
  }
}

function matchOf(rule: NatRule): Match {
  const fields = ["sourceNetwork", "destinationNetwork", "protocol", "sourcePorts", "destinationPorts"] as const;
  return Object.fromEntries(fields.flatMap((f) => (rule[f] === undefined ? [] : [[f, rule[f]]])));
}

const isAddress = (prefix: string) => !prefix.includes("/") || prefix.endsWith("/32");

function targetOf({ translatedNetwork = "", translatedPorts }: NatRule): Target {
  if (!isAddress(translatedNetwork)) return { form: "prefix", prefix: translatedNetwork };
  const address = translatedNetwork.replace(/\/32$/, "");
  return translatedPorts === undefined
    ? { form: "address", address }
    : { form: "address-and-port", address, ports: formatPortRange(parsePortRange(translatedPorts)) };
}

/** The kernel has no "same offset in another range": a DNAT from range to range is as many single ports. */
function portByPort(rule: NatRule, match: Match): { match: Match; to: Target }[] {
  const to = targetOf(rule);
  if (to.form !== "address-and-port" || rule.destinationPorts === undefined) return [{ match, to }];
  const from = parsePortRange(rule.destinationPorts);
  const into = parsePortRange(to.ports);
  if (portCount(into) === 1) return [{ match, to }];
  if (from.first === into.first) return [{ match, to: { form: "address", address: to.address } }];
  return Array.from({ length: portCount(from) }, (_, i) => ({
    match: { ...match, destinationPorts: `${from.first + i}` },
    to: { ...to, ports: `${into.first + i}` },
  }));
}

/** Outwards as the rule says; inwards the same the other way round. */
function reflexive(rule: NatRule, match: Match): Omit<Translation, "ruleId" | "log">[] {
  const back: Match = {
    ...(match.destinationNetwork === undefined ? {} : { sourceNetwork: match.destinationNetwork }),
    destinationNetwork: rule.translatedNetwork ?? "",
    ...(match.protocol === undefined ? {} : { protocol: match.protocol }),
    ...(match.destinationPorts === undefined ? {} : { sourcePorts: match.destinationPorts }),
    ...(match.sourcePorts === undefined ? {} : { destinationPorts: match.sourcePorts }),
  };
  const inside = rule.sourceNetwork ?? "";
  const toInside: Target = isAddress(inside)
    ? { form: "address", address: inside.replace(/\/32$/, "") }
    : { form: "prefix", prefix: inside };
  return [
    { action: "snat", match, to: targetOf(rule) },
    { action: "dnat", match: back, to: toInside },
  ];
}
