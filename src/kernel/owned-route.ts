import { OVERLAY, OVERLAY_NEXT_HOP, REFUSAL_MARK, tables } from "../datapath/names.ts";
import type { ObjectOf } from "../model/kernel-object.ts";
import { formatIpv4 } from "../net/ipv4.ts";
import {
  contains,
  formatPrefix,
  networkOf,
  overlaps,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
} from "../net/prefix.ts";
import { whyNoDestination, whyUnusable } from "../net/special-use.ts";
import { networksOf, type OwnUnit, ownAddresses, roles } from "./own-unit.ts";

/** Why an address, route, rule or neighbour cannot be this gateway's; undefined if it can. */
type Flaw = string | undefined;

const ownNetworks = (unit: OwnUnit): Prefix[] => roles.flatMap((role) => networksOf(unit[role]));
const ADVICE = "the gateway owns no such thing";

/** On overlay0 alone, and nowhere where the machine or its cloud is. */
export function addressFlaw({ link, address }: ObjectOf<"address">, unit: OwnUnit): Flaw {
  if (link !== OVERLAY) return `addresses of the gateway are on ${OVERLAY}`;
  const network = networkOf(parseInterfaceAddress(address));
  const own = ownNetworks(unit).find((o) => overlaps(o, network));
  return own ? `overlaps ${formatPrefix(own)}, a network of this unit's interfaces` : whyUnusable(network, ADVICE);
}

export const neighbourFlaw = ({ link, address }: ObjectOf<"neighbour">): Flaw =>
  link === OVERLAY && address === OVERLAY_NEXT_HOP ? undefined : `the one neighbour is ${OVERLAY_NEXT_HOP}`;

/** Each table answers one question, and holds what answers it. */
export function routeFlaw(route: ObjectOf<"route">, unit: OwnUnit): Flaw {
  const prefix = parsePrefix(route.prefix);
  const special = prefix.length === 0 ? undefined : whyNoDestination(prefix);
  if (special !== undefined) return special;
  const role = roles.find((r) => tables[r] === route.table);
  if (role) return ownRouteFlaw(route, prefix, unit[role]);
  const managed = networksOf(unit.management).find((m) => contains(m, prefix.address) && prefix.length >= m.length);
  if (managed) return `is in ${formatPrefix(managed)}, management's`;
  if (route.table === tables.overlay) return route.link === OVERLAY ? undefined : `that table leads to ${OVERLAY} only`;
  if (route.table !== tables.edge) return `table ${route.table} is not the gateway's`;
  const passing = [OVERLAY, unit.uplink.name, unit.downlink.name];
  return passing.includes(route.link) ? undefined : `nothing is forwarded to ${route.link}`;
}

/** What the machine sends from an interface's own address leaves by that interface, to its subnet or its router. */
function ownRouteFlaw({ link, via }: ObjectOf<"route">, prefix: Prefix, own: OwnUnit["uplink"]): Flaw {
  if (link !== own.name) return `that table is for ${own.name}`;
  if (via === undefined)
    return networksOf(own).some((n) => formatPrefix(n) === formatPrefix(prefix)) ? undefined : "is no subnet of it";
  if (prefix.length > 0) return "beside the subnet there is the default route";
  const routers = own.gateways.map(formatIpv4);
  return routers.includes(via) ? undefined : `its router is ${routers.join(" or ")}`;
}

/** A rule asks one of our tables for packets of a kind that is not the machine's own, or for its own to leave as they must. */
export function ruleFlaw(rule: ObjectOf<"rule">, unit: OwnUnit): Flaw {
  const { link, from, mark, table } = rule;
  if ([link, from, mark].filter((s) => s !== undefined).length !== 1) return "selects by one of link, source and mark";
  if (link !== undefined) {
    const passing = [OVERLAY, unit.uplink.name, unit.downlink.name].includes(link);
    return passing && table === tables.edge ? undefined : "what comes in to be forwarded asks the edge table";
  }
  if (mark !== undefined)
    return mark === REFUSAL_MARK && table === tables.overlay ? undefined : "no packet of ours has that mark";
  return sourceFlaw(parsePrefix(from ?? ""), table, unit);
}

function sourceFlaw(from: Prefix, table: number, unit: OwnUnit): Flaw {
  const role = roles.find((r) => tables[r] === table);
  if (role) {
    const own = unit[role].addresses.some(({ address }) => from.length === 32 && from.address === address);
    return own ? undefined : `that table is for addresses of ${unit[role].name}`;
  }
  if (table !== tables.overlay) return `table ${table} is not asked by source`;
  const own = ownAddresses(unit).find(({ address }) => contains(from, address));
  return own ? `${formatIpv4(own.address)} is this unit's own` : whyUnusable(from, ADVICE);
}
