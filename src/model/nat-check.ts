import { parsePortRange, portCount } from "../net/port-range.ts";
import { parsePrefix } from "../net/prefix.ts";
import { instead, whyUnusable } from "../net/special-use.ts";
import type { DesiredState } from "./desired.ts";
import type { Flaw } from "./flaw.ts";
import type { NatRule } from "./nat.ts";

/** A DNAT from port range to port range is one entry a port. */
const MOST_TRANSLATED_PORTS = 4_096;

/** What a NAT rule must have, may not have, and how its parts must fit. */
export function natFlaws(want: DesiredState): Flaw[] {
  const rules = (want.nat ?? []).flatMap((rule, i) =>
    natRuleFlaws(rule).map(({ field, why }): Flaw => ({ field: `nat[${i}].${field}`, value: rule[field], why })),
  );
  return [...rules, ...patFlaws(want)];
}

interface RuleFlaw {
  readonly field: keyof NatRule;
  readonly why: string;
}

/** What is wrong with a rule by itself. */
export function natRuleFlaws(rule: NatRule): RuleFlaw[] {
  return [...portFlaws(rule), ...translationFlaws(rule)];
}

function portFlaws({ protocol, sourcePorts, destinationPorts, translatedPorts }: NatRule): RuleFlaw[] {
  const ports = sourcePorts ?? destinationPorts ?? translatedPorts;
  return ports !== undefined && protocol !== "tcp" && protocol !== "udp"
    ? [{ field: "protocol", why: "ports need protocol tcp or udp" }]
    : [];
}

function translationFlaws(rule: NatRule): RuleFlaw[] {
  const { action, translatedNetwork, translatedPorts } = rule;
  if (action === "NO_SNAT" || action === "NO_DNAT") {
    const extra = translatedNetwork !== undefined ? "translatedNetwork" : "translatedPorts";
    return (translatedNetwork ?? translatedPorts) === undefined
      ? []
      : [{ field: extra, why: `${action} translates nothing` }];
  }
  if (translatedNetwork === undefined) return [{ field: "translatedNetwork", why: `${action} needs it` }];
  return [...networkFlaws(rule, translatedNetwork), ...translatedPortFlaws(rule)];
}

/** The network an action translates. */
const translatedFrom = { SNAT: "sourceNetwork", DNAT: "destinationNetwork", REFLEXIVE: "sourceNetwork" } as const;

function networkFlaws(rule: NatRule, translatedNetwork: string): RuleFlaw[] {
  if (rule.action === "NO_SNAT" || rule.action === "NO_DNAT") return [];
  const unusable = whyUnusable(parsePrefix(translatedNetwork), instead.translated);
  if (unusable) return [{ field: "translatedNetwork", why: unusable }];
  const field = translatedFrom[rule.action];
  const from = rule[field];
  if (from === undefined && rule.action !== "SNAT") return [{ field, why: `${rule.action} needs it` }];
  const length = parsePrefix(translatedNetwork).length;
  if (length === 32 && rule.action !== "REFLEXIVE") return [];
  if (from === undefined || parsePrefix(from).length !== length)
    return [{ field: "translatedNetwork", why: `must be as long as ${field}, or one address` }];
  return length < 32 && rule.translatedPorts !== undefined
    ? [{ field: "translatedPorts", why: "cannot go with a translatedNetwork of many addresses" }]
    : [];
}

function translatedPortFlaws({ action, destinationPorts, translatedPorts }: NatRule): RuleFlaw[] {
  if (translatedPorts === undefined || action === "SNAT") return [];
  if (action !== "DNAT") return [{ field: "translatedPorts", why: `${action} keeps ports` }];
  const into = portCount(parsePortRange(translatedPorts));
  if (into === 1) return [];
  if (into > MOST_TRANSLATED_PORTS)
    return [{ field: "translatedPorts", why: `${MOST_TRANSLATED_PORTS} ports at most` }];
  const from = destinationPorts === undefined ? 0 : portCount(parsePortRange(destinationPorts));
  return from === into ? [] : [{ field: "translatedPorts", why: "must be one port, or as many as destinationPorts" }];
}

function patFlaws({ pat, elasticIps }: DesiredState): Flaw[] {
  if (!pat) return [];
  const elastic = (elasticIps ?? []).find((e) => e.address === pat.address);
  if (!elastic) return [{ field: "pat.address", value: pat.address, why: "is not one of elasticIps" }];
  if (elastic.overlayIp !== undefined)
    return [{ field: "pat.address", value: pat.address, why: "stands for one overlay address already" }];
  const units = Object.entries(pat.ports).map(([unit, text]) => ({ unit, text, range: parsePortRange(text) }));
  return units.flatMap(({ unit, text, range }, i): Flaw[] => {
    const other = units.find((u, j) => j < i && u.range.first <= range.last && range.first <= u.range.last);
    return other ? [{ field: `pat.ports.${unit}`, value: text, why: `meets the ports of unit ${other.unit}` }] : [];
  });
}
