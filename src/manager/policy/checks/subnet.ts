import { formatIpv4, type Ipv4 } from "../../../net/ipv4.ts";
import { broadcastOf, networkOf, type Prefix, parseInterfaceAddress } from "../../../net/prefix.ts";
import { instead, whyUnusable } from "../../../net/special-use.ts";
import { segmentsMeeting } from "../claims.ts";
import type { ObjectOf } from "../kinds.ts";
import type { Check } from "./check.ts";

/** The addresses of a segment. */
export interface Subnet {
  readonly network: Prefix;
  readonly gateway: Ipv4;
}

/** Two addresses of the network are nobody's, and one is the gateway's. */
const LONGEST = 30;

const FIELD = "subnets[0].gateway_address";

/** @returns undefined: it has none, which its form does not allow */
export function subnetOf(segment: ObjectOf<"Segment">): Subnet | undefined {
  const [first] = segment.subnets;
  if (!first) return undefined;
  const gateway = parseInterfaceAddress(first.gateway_address);
  return { network: networkOf(gateway), gateway: gateway.address };
}

/** Why no VM can have an address in a subnet; undefined: one can. */
export function whyNoHost({ network, gateway }: Subnet, ip: Ipv4): string | undefined {
  if (ip < network.address || ip > broadcastOf(network)) return `is not in the segment's network, ${shownAs(network)}`;
  if (ip === network.address) return "is the address of the segment's network itself; take one inside";
  if (ip === broadcastOf(network)) return "is the broadcast address of the segment; take one below";
  return ip === gateway ? "is the segment's gateway; take another" : undefined;
}

export const shownAs = ({ address, length }: Prefix): string => `${formatIpv4(address)}/${length}`;

/** Whether an edit gave a segment other addresses or another Tier-0. */
export const isMoved = (before: ObjectOf<"Segment">, after: ObjectOf<"Segment"> | undefined): boolean =>
  before.connectivity_path !== after?.connectivity_path ||
  before.subnets[0]?.gateway_address !== after?.subnets[0]?.gateway_address;

/** The gateway has an address that a gateway can have, and no two segments of a Tier-0 have one in common. */
export const subnets: Check = function* (scope) {
  for (const [path, segment] of scope.present("Segment")) {
    const subnet = subnetOf(segment);
    const value = segment.subnets[0]?.gateway_address;
    const unfit = subnet && whyNoGateway(subnet);
    if (unfit) yield { path, field: FIELD, value, why: unfit };
    if (!subnet || unfit || segment.connectivity_path === undefined) continue;
    for (const other of segmentsMeeting(scope.draft, segment.connectivity_path, subnet.network)) {
      if (other === path) continue;
      yield { path, field: FIELD, value, why: `overlaps ${other} on the same Tier-0; take another network` };
      break;
    }
  }
};

function whyNoGateway({ network, gateway }: Subnet): string | undefined {
  if (network.length > LONGEST) return `leaves no address for VMs; a segment's prefix length is ${LONGEST} at most`;
  const unusable = whyUnusable(network, instead.segment);
  if (unusable) return unusable;
  if (gateway === network.address) return "is the network's own address; give the gateway's, such as the next one";
  return gateway === broadcastOf(network) ? "is the broadcast address; give the gateway's" : undefined;
}
