import type { DesiredState } from "../../model/desired.ts";
import type { NatRule } from "../../model/nat.ts";
import type { Rule } from "../../model/nft/rule.ts";
import type { Unit } from "../../model/unit.ts";
import { formatIpv4 } from "../../net/ipv4.ts";
import { OVERLAY, sets } from "../names.ts";
import { nftBaseChain, nftChain, nftElement, nftSet } from "../nft-object.ts";
import { ctStatus, iifname, inSet, jump, l4proto, oifname, rule } from "../nft-rule.ts";
import type { Stage } from "../stage.ts";
import { compileGroup } from "./compile.ts";
import { elasticDnatRules, elasticObjects, elasticRuleId, elasticSnatRules, PAT_RULE_ID, patRules } from "./elastic.ts";
import { groupsOf } from "./group.ts";
import { natCounterKey, numberRules } from "./number.ts";
import { translate } from "./statement.ts";
import { inOrder, translationsOf } from "./translation.ts";

/**
 * The conntrack mark of each translation that a desired state has on a unit, by rule id. Counters are read back through
 * it, and connections that carry another one have lost what made them.
 */
export function natNumbers(want: DesiredState, unit: string): Map<string, number> {
  return numberRules([
    ...(want.nat ?? []).map((rule) => ({ id: rule.id, says: saidBy(rule) })),
    ...(want.elasticIps ?? []).map((e) => ({ id: elasticRuleId(e.address), says: e.overlayIp ?? "" })),
    ...(want.pat ? [{ id: PAT_RULE_ID, says: `${want.pat.address} ${want.pat.ports[unit] ?? ""}` }] : []),
  ]);
}

/** Neither its place among others nor whether it logs changes what it makes of a packet. */
const saidBy = (rule: NatRule): string =>
  JSON.stringify(
    inOrder([rule])
      .flatMap(translationsOf)
      .map(({ action, match, to }) => [action, match, to]),
  );

export const nat: Stage = {
  name: "nat",
  does: "translates destinations before routing and sources after it: rules by priority, then Elastic IPs, then PAT",
  objects: (want, unit) => {
    const numbers = natNumbers(want, unit.name);
    const translations = inOrder(want.nat ?? []).flatMap(translationsOf);
    const compiled = (action: "dnat" | "snat") =>
      groupsOf(
        translations.filter((t) => t.action === action),
        action,
      ).map((g) => compileGroup(g, numbers));
    const dnat = compiled("dnat");
    const snat = compiled("snat");
    return [
      ...[...dnat, ...snat].flatMap((c) => c.objects),
      ...elasticObjects(want, numbers),
      ...counterSet(numbers),
      nftBaseChain("nat-prerouting", [rule(iifname(unit.uplink.name, OVERLAY), jump("nat-destination"))]),
      nftChain("nat-destination", [...dnat.flatMap((c) => c.rules), ...elasticDnatRules]),
      nftBaseChain("nat-postrouting", whose(unit)),
      nftChain("nat-source", [...snat.flatMap((c) => c.rules), ...elasticSnatRules, ...patRules(want, unit, numbers)]),
    ];
  },
};

/**
 * Which flows get another source: those to the Internet; those that reach a VM through a public address from inside
 * (hairpin, RFC 4787 REQ-9: the public source, so that answers come back this way); those to VPC prefixes that must
 * see the unit's own address.
 */
const whose = (unit: Unit): Rule[] => [
  rule(oifname(unit.uplink.name), jump("nat-source")),
  rule(oifname(OVERLAY), ctStatus("dnat"), inSet(sets.segments, "ip saddr"), jump("nat-source")),
  ...underlay(unit),
];

/** Ports well away from the tunnel's own: an answer to that one would be taken for a tunnel packet. */
const UNDERLAY_PORTS = "32768-60999";

function underlay({ downlink }: Unit): Rule[] {
  const own = formatIpv4(downlink.address.address);
  const fits = [oifname(downlink.name), inSet(sets.segments, "ip saddr"), inSet(sets.underlaySnat, "ip daddr")];
  return [
    rule(fits, l4proto("tcp", "udp"), translate("snat", own, UNDERLAY_PORTS)),
    rule(fits, translate("snat", own)),
  ];
}

/** Packets and bytes of each translation, by direction and mark: the last chain looks every packet up. */
const counterSet = (numbers: ReadonlyMap<string, number>) => [
  nftSet(sets.natCounters, ["ct_dir", "mark"], { counter: true }),
  ...[...numbers.values()].flatMap((n) =>
    (["original", "reply"] as const).map((direction) => nftElement(sets.natCounters, natCounterKey(direction, n))),
  ),
];
