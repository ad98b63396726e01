import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { broadcastOf, formatPrefix, networkOf, overlaps, parseInterfaceAddress } from "../net/prefix.ts";
import { instead } from "../net/special-use.ts";
import type { DesiredState } from "./desired.ts";
import type { Flaw } from "./flaw.ts";
import type { Unit } from "./unit.ts";

/** What cannot be on this unit, though it may be on another: addresses and networks that are the unit's own. */
export function unitFlaws(want: DesiredState, unit: Unit): Flaw[] {
  const own = ownAddresses(unit);
  const flaw = (field: string, value: string, remedy: string): Flaw[] => {
    const whose = own.get(value);
    return whose === undefined ? [] : [{ field, value, why: `is unit ${unit.name}'s own, ${whose}; ${remedy}` }];
  };
  return [
    ...segmentFlaws(want, unit),
    ...want.teps.flatMap(({ address }, i) => flaw(`teps[${i}].address`, address, instead.tep)),
    ...(want.elasticIps ?? []).flatMap(({ address, secondary }, i) => [
      ...flaw(`elasticIps[${i}].address`, address, instead.elastic),
      ...flaw(`elasticIps[${i}].secondary.${unit.name}`, secondary[unit.name] ?? "", instead.secondary),
    ]),
    ...hops(want).flatMap(({ field, via, out }) => [
      ...flaw(field, via, instead.nextHop),
      ...subnetFlaws(field, via, unit[out]),
    ]),
  ];
}

/** The overlay is looked for first: a unit whose own subnet is in it could reach nobody there any more. */
function segmentFlaws({ segments }: DesiredState, unit: Unit): Flaw[] {
  const own = [unit.uplink, unit.downlink, unit.management];
  return segments.flatMap(({ gateway }, i): Flaw[] => {
    const network = networkOf(parseInterfaceAddress(gateway));
    const met = own.find(({ address }) => overlaps(networkOf(address), network));
    if (!met) return [];
    const subnet = formatPrefix(networkOf(met.address));
    const why = `overlaps unit ${unit.name}'s own subnet ${subnet} on ${met.name}; take another network`;
    return [{ field: `segments[${i}].gateway`, value: gateway, why }];
  });
}

/** Each with what it is there. */
const ownAddresses = ({ uplink, downlink, management, tep }: Unit): ReadonlyMap<string, string> =>
  new Map([
    [formatIpv4(uplink.address.address), "on its uplink"],
    [formatIpv4(downlink.address.address), "on its downlink"],
    [formatIpv4(management.address.address), "on its management interface"],
    [formatIpv4(tep.address), "its tunnel endpoint"],
  ]);

interface Hop {
  readonly field: string;
  readonly via: string;
  readonly out: "uplink" | "downlink";
}

function hops({ tier0 }: DesiredState): Hop[] {
  const lists = {
    uplinkRoutes: tier0.uplinkRoutes,
    staticRoutes: tier0.staticRoutes ?? [],
    underlay: (tier0.underlay ?? []).map((joined) => ({ ...joined, interface: "downlink" as const })),
  };
  return Object.entries(lists).flatMap(([list, routes]) =>
    routes.flatMap(({ via, interface: out = "uplink" }, i) =>
      via === undefined ? [] : [{ field: `tier0.${list}[${i}].via`, via, out }],
    ),
  );
}

/** Two addresses of the subnet are nobody's, a router's neither. */
function subnetFlaws(field: string, via: string, { name, address }: Unit["uplink"]): Flaw[] {
  const ip = parseIpv4(via);
  const what = new Map([
    [networkOf(address).address, "network's own"],
    [broadcastOf(address), "broadcast"],
  ]).get(ip);
  return what === undefined || ip === address.address
    ? []
    : [{ field, value: via, why: `is the ${what} address on ${name}; ${instead.nextHop}` }];
}
