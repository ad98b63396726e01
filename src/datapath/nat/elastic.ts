import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Unit } from "../../model/unit.ts";
import { formatPortRange, parsePortRange } from "../../net/port-range.ts";
import { sets } from "../names.ts";
import { nftElement, nftMap } from "../nft-object.ts";
import { markText } from "./number.ts";

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
    nftMap(sets.elasticDnat, "ipv4_addr", "ipv4_addr"),
    nftMap(sets.elasticSnat, "ipv4_addr", "ipv4_addr"),
    nftMap(inMark, "ipv4_addr", "mark"),
    nftMap(outMark, "ipv4_addr", "mark"),
    ...pairs.flatMap(({ address, overlayIp, mark }) => [
      nftElement(sets.elasticDnat, address, overlayIp),
      nftElement(sets.elasticSnat, overlayIp, address),
      nftElement(inMark, address, mark),
      nftElement(outMark, overlayIp, mark),
    ]),
  ];
}

export const elasticDnatRules: readonly string[] = [
  `ct mark 0x0 ct mark set ip daddr map @${inMark}`,
  `dnat to ip daddr map @${sets.elasticDnat}`,
];

export const elasticSnatRules: readonly string[] = [
  `ct mark 0x0 ct mark set ip saddr map @${outMark}`,
  `snat to ip saddr map @${sets.elasticSnat}`,
];

/** The shared address: TCP and UDP within the unit's own port range, so that the units of a pair never collide. */
export function patRules({ pat }: DesiredState, unit: Unit, numbers: ReadonlyMap<string, number>): string[] {
  const ports = pat?.ports[unit.name];
  if (!pat || ports === undefined) return [];
  const inside = `ip saddr @${sets.segments}`;
  return [
    `${inside} ct mark 0x0 ct mark set ${markText(numbers.get(PAT_RULE_ID) ?? 0)}`,
    `${inside} meta l4proto { tcp, udp } snat to ${pat.address}:${formatPortRange(parsePortRange(ports))}`,
    `${inside} snat to ${pat.address}`,
  ];
}
