import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import { markText } from "../../model/nft/field.ts";
import type { Rule } from "../../model/nft/rule.ts";
import type { Unit } from "../../model/unit.ts";
import { formatPortRange, parsePortRange } from "../../net/port-range.ts";
import { sets } from "../names.ts";
import { nftElement, nftMap } from "../nft-object.ts";
import { ctMark, inSet, l4proto, rule, setCtMark, setCtMarkBy } from "../nft-rule.ts";
import { translate, translateBy } from "./statement.ts";

const inMark = `${sets.elasticDnat}-mark`;
const outMark = `${sets.elasticSnat}-mark`;

/** Names an Elastic IP's own translation, or the shared one, in counters. */
export const elasticRuleId = (address: string): string => `eip-${address}`;
export const PAT_RULE_ID = "pat";

/** Elastic IPs that stand for one overlay address, both ways. Last among DNAT, before PAT among SNAT. */
export function elasticObjects(want: DesiredState, numbers: ReadonlyMap<string, number>): KernelObject[] {
  const pairs = (want.elasticIps ?? []).flatMap(({ address, overlayIp }) =>
    overlayIp === undefined ? [] : [{ address, overlayIp, mark: markText(numbers.get(elasticRuleId(address)) ?? 0) }],
  );
  return [
    nftMap(sets.elasticDnat, ["ipv4_addr"], ["ipv4_addr"]),
    nftMap(sets.elasticSnat, ["ipv4_addr"], ["ipv4_addr"]),
    nftMap(inMark, ["ipv4_addr"], ["mark"]),
    nftMap(outMark, ["ipv4_addr"], ["mark"]),
    ...pairs.flatMap(({ address, overlayIp, mark }) => [
      nftElement(sets.elasticDnat, address, overlayIp),
      nftElement(sets.elasticSnat, overlayIp, address),
      nftElement(inMark, address, mark),
      nftElement(outMark, overlayIp, mark),
    ]),
  ];
}

export const elasticDnatRules: readonly Rule[] = [
  rule(ctMark(0), setCtMarkBy(inMark, "ip daddr")),
  rule(translateBy("dnat", sets.elasticDnat, ["ip daddr"])),
];

export const elasticSnatRules: readonly Rule[] = [
  rule(ctMark(0), setCtMarkBy(outMark, "ip saddr")),
  rule(translateBy("snat", sets.elasticSnat, ["ip saddr"])),
];

/** The shared address: TCP and UDP within the unit's own port range, so that the units of a pair never collide. */
export function patRules({ pat }: DesiredState, unit: Unit, numbers: ReadonlyMap<string, number>): Rule[] {
  const ports = pat?.ports[unit.name];
  if (!pat || ports === undefined) return [];
  const inside = inSet(sets.segments, "ip saddr");
  return [
    rule(inside, ctMark(0), setCtMark(numbers.get(PAT_RULE_ID) ?? 0)),
    rule(inside, l4proto("tcp", "udp"), translate("snat", pat.address, formatPortRange(parsePortRange(ports)))),
    rule(inside, translate("snat", pat.address)),
  ];
}
