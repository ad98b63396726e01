import { formatIpv4, type Ipv4, parseIpv4, readIpv4 } from "../../../net/ipv4.ts";
import { type AddressRange, broadcastOf, contains, parseInterfaceAddress } from "../../../net/prefix.ts";
import type { ObjectOf } from "../kinds.ts";
import type { Check } from "./check.ts";
import { type Subnet, shownAs, subnetOf } from "./subnet.ts";

const MOST_ADDRESSES = 65_536;

type Found = { readonly field: string; readonly value: unknown; readonly why: string };

/** The ranges a segment's DHCP gives from are its own addresses, and nobody else's. */
export const dhcpRanges: Check = function* (scope) {
  for (const [path, segment] of scope.present("Segment")) {
    const subnet = subnetOf(segment);
    if (!subnet) continue;
    for (const found of [...serverFlaws(segment, subnet), ...rangeFlaws(segment, subnet)]) yield { path, ...found };
  }
};

/** Of DHCP: the one it names, or the gateway. */
export function serverOf(segment: ObjectOf<"Segment">, { gateway }: Subnet): Ipv4 {
  const written = segment.subnets[0]?.dhcp_config?.server_address;
  return written === undefined ? gateway : parseInterfaceAddress(written).address;
}

/** `10.0.0.5-10.0.0.9`, or one address; undefined: it is neither. */
function readRange(text: string): AddressRange | undefined {
  const [first, last = first] = text.split("-").map(readIpv4);
  return first === undefined || last === undefined ? undefined : { first, last };
}

const rangesOf = (segment: ObjectOf<"Segment">): readonly AddressRange[] =>
  (segment.subnets[0]?.dhcp_ranges ?? []).flatMap((text) => readRange(text) ?? []);

function serverFlaws({ subnets }: ObjectOf<"Segment">, { network }: Subnet): Found[] {
  const value = subnets[0]?.dhcp_config?.server_address;
  if (value === undefined) return [];
  const { address, length } = parseInterfaceAddress(value);
  const isInside = contains(network, address) && length === network.length;
  const field = "subnets[0].dhcp_config.server_address";
  if (!isInside)
    return [{ field, value, why: `is not in the segment's network; it has to be one of ${shownAs(network)}` }];
  return address === network.address || address === broadcastOf(network)
    ? [{ field, value, why: "is the network's own or the broadcast address; take one between" }]
    : [];
}

function rangeFlaws(segment: ObjectOf<"Segment">, subnet: Subnet): Found[] {
  const server = serverOf(segment, subnet);
  const texts = segment.subnets[0]?.dhcp_ranges ?? [];
  const ranges = texts.map(readRange);
  return texts.flatMap((value, i): Found[] => {
    const range = ranges[i];
    const field = `subnets[0].dhcp_ranges[${i}]`;
    const why = range ? whyUnfit(range, subnet, server) : "must be an address, or FIRST-LAST";
    if (why !== undefined) return [{ field, value, why }];
    const other = ranges.findIndex((earlier, j) => j < i && earlier && range && meets(earlier, range));
    return other < 0 ? [] : [{ field, value, why: `overlaps dhcp_ranges[${other}]; make one of them smaller` }];
  });
}

const meets = (a: AddressRange, b: AddressRange) => a.first <= b.last && b.first <= a.last;

const holds = ({ first, last }: AddressRange, ip: Ipv4): boolean => ip >= first && ip <= last;

function whyUnfit(range: AddressRange, { network, gateway }: Subnet, server: Ipv4): string | undefined {
  if (range.first > range.last) return "ends before it begins; turn it round";
  if (!contains(network, range.first) || !contains(network, range.last))
    return `is not in the segment's network, ${shownAs(network)}`;
  if (range.last - range.first >= MOST_ADDRESSES) return `is more than ${MOST_ADDRESSES} addresses; make it smaller`;
  const taken: readonly (readonly [Ipv4, string])[] = [
    [gateway, "the segment's gateway"],
    [server, "the DHCP server's own"],
    [network.address, "the network's own"],
    [broadcastOf(network), "the broadcast address"],
  ];
  const found = taken.find(([ip]) => holds(range, ip));
  return found && `contains ${formatIpv4(found[0])}, ${found[1]}; leave it out`;
}

/** @throws NET_BAD_VALUE */
export const rangeHolding = (segment: ObjectOf<"Segment">, ip: string): number =>
  rangesOf(segment).findIndex((range) => holds(range, parseIpv4(ip)));
