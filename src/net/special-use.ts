import { type AddressRange, contains, formatPrefix, overlaps, type Prefix, parsePrefix, rangeOf } from "./prefix.ts";

/** Blocks whose addresses are no host's that others reach. RFC 6890 §2.2.2, which took the place of RFC 5735. */
const blocks: readonly { readonly prefix: Prefix; readonly use: string }[] = [
  { prefix: parsePrefix("0.0.0.0/8"), use: "this network" },
  { prefix: parsePrefix("127.0.0.0/8"), use: "loopback" },
  { prefix: parsePrefix("169.254.0.0/16"), use: "link-local" },
  { prefix: parsePrefix("224.0.0.0/4"), use: "multicast" },
  { prefix: parsePrefix("240.0.0.0/4"), use: "reserved, and broadcast" },
];

/** What to use in place of an address or network that cannot be used. */
export const instead = {
  segment: "take a network of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
  nextHop: "take a router's address, or leave it out for the VPC router",
  route: "take a network that is somewhere, or 0.0.0.0/0 for all of them",
  elastic: "take the public address that the cloud gave",
  secondary: "take a secondary private address of the unit's uplink",
  tep: "take the machine's address in the VPC",
  translated: "take addresses of VMs, or Elastic IPs",
} as const;

/** Why an address, or a network of them, cannot be anybody's: some of it is in a block of special use. */
export function whyUnusable(prefix: Prefix, remedy: string): string | undefined {
  const block = blocks.find((one) => overlaps(one.prefix, prefix));
  return block && `${isInside(prefix, block.prefix) ? "is in" : "overlaps"} ${shown(block)}; ${remedy}`;
}

/** Why no route can lead to a network: all of it is in a block of special use. A wider one, as 0.0.0.0/0, may. */
export function whyNoDestination(prefix: Prefix): string | undefined {
  const block = blocks.find((one) => isInside(prefix, one.prefix));
  return block && `is in ${shown(block)}; ${instead.route}`;
}

/** Which block of special use some of a range is in; undefined if none. */
export function whyReserved({ first, last }: AddressRange): string | undefined {
  const block = blocks.find(({ prefix }) => first <= rangeOf(prefix).last && last >= prefix.address);
  return block && `overlaps ${shown(block)}`;
}

const isInside = (inner: Prefix, outer: Prefix) => inner.length >= outer.length && contains(outer, inner.address);

const shown = ({ prefix, use }: (typeof blocks)[number]) => `${formatPrefix(prefix)} (${use})`;
