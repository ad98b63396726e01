import type { DesiredState } from "../model/desired.ts";
import type { ObjectOf } from "../model/kernel-object.ts";
import type { Unit } from "../model/unit.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { networkOf, type Prefix, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { beliefs, sides } from "./bpf/layouts.ts";
import { bpfEntry } from "./bpf-object.ts";
import { drops } from "./drops.ts";

/** What one side believes of sources in a prefix. */
export interface SourceRow {
  readonly prefix: Prefix;
  readonly believed: (typeof beliefs)[number];
  /** Why everything else from there is dropped. */
  readonly otherwise: keyof typeof drops;
}

const SIDE_BITS = 32;
const reasons = Object.keys(drops);

/** The table of one side. Of rows with the same prefix the last one counts. */
export function sourceEntries(side: (typeof sides)[number], rows: readonly SourceRow[]): ObjectOf<"bpf-entry">[] {
  const entries = rows.map(({ prefix, believed, otherwise }) =>
    bpfEntry(
      "sources",
      { bits: SIDE_BITS + prefix.length, side: sides.indexOf(side), address: prefix.address },
      { reason: reasons.indexOf(otherwise), believed: beliefs.indexOf(believed) },
    ),
  );
  return [...new Map(entries.map((e) => [e.key, e])).values()];
}

export const hostPrefix = (address: Prefix["address"]): Prefix => ({ address, length: 32 });

/** What no packet from outside may have for its source: overlay addresses, and all the unit itself is known by. */
export const insidePrefixes = (want: DesiredState, unit: Unit): Prefix[] => [
  ...want.segments.map((s) => networkOf(parseInterfaceAddress(s.gateway))),
  ...[unit.uplink, unit.downlink, unit.management].map((i) => hostPrefix(i.address.address)),
  ...(want.elasticIps ?? []).flatMap(({ address, secondary }) => {
    const own = secondary[unit.name];
    return own === undefined ? [] : [hostPrefix(parseIpv4(address)), hostPrefix(parseIpv4(own))];
  }),
];

/** The VPC, as far as it is joined to the overlay or told by a route through the downlink. */
export const vpcPrefixes = ({ tier0 }: DesiredState): Prefix[] =>
  [
    ...(tier0.underlay ?? []),
    ...[...tier0.uplinkRoutes, ...(tier0.staticRoutes ?? [])].filter((r) => r.interface === "downlink"),
  ].map((u) => parsePrefix(u.prefix));
