import { type Ipv4, LIMITED_BROADCAST } from "../net/ipv4.ts";
import { BROADCAST_MAC, type Mac } from "../net/mac.ts";
import { broadcastOf } from "../net/prefix.ts";
import { dhcp } from "../wire/dhcp.ts";
import { ETHERTYPE_IPV4, ethernet, withoutPriorityTag } from "../wire/ethernet.ts";
import { ipv4, PROTOCOL_UDP } from "../wire/ipv4.ts";
import { udp } from "../wire/udp.ts";
import type { DhcpDrop } from "./drops.ts";
import { type Reply, SERVER_PORT } from "./reply.ts";
import type { Scope } from "./scope.ts";

/** A datagram for the DHCP server, taken out of its frame. */
export interface Delivery {
  readonly from: Mac;
  readonly source: Ipv4;
  readonly to: Ipv4;
  readonly payload: Uint8Array;
}

/** The server's datagram in a frame, or why it is none. @throws WIRE_* */
export function deliver(bytes: Uint8Array, scope: Scope, routerMac: Mac): Delivery | DhcpDrop {
  const frame = withoutPriorityTag(ethernet.decode(bytes));
  if (frame.type !== ETHERTYPE_IPV4) return "NOT_DHCP";
  const packet = ipv4.decode(frame.payload);
  if (packet.protocol !== PROTOCOL_UDP) return "NOT_DHCP";
  if (packet.moreFragments || packet.fragmentOffset > 0) return "FRAGMENT";
  const datagram = udp.decode(packet.payload, packet);
  if (datagram.destinationPort !== SERVER_PORT) return "NOT_DHCP";
  const toServer = frame.destination === routerMac || frame.destination === BROADCAST_MAC;
  if (!toServer || !isServers(packet.destination, scope)) return "NOT_FOR_SERVER";
  return { from: frame.source, source: packet.source, to: packet.destination, payload: datagram.payload };
}

const isServers = (ip: Ipv4, { server, subnet }: Scope) =>
  ip === server || ip === LIMITED_BROADCAST || ip === broadcastOf(subnet);

const NOTHING = new Uint8Array();
const TTL = 64;
/** Class selector 6, network control: what a host needs before it can do anything else. RFC 2474 §4.2.2. */
const DSCP_CS6 = 48;

/** A reply as it goes to the segment. @throws WIRE_UNENCODABLE */
export function enframe(reply: Reply, scope: Scope, routerMac: Mac): Uint8Array {
  const path = { source: scope.server, destination: reply.ip };
  const payload = dhcp.encodeFitting(reply.message, reply.maxSize);
  const datagram = udp.encode({ sourcePort: SERVER_PORT, destinationPort: reply.port, payload }, path);
  const packet = ipv4.encode({
    ...path,
    dscp: DSCP_CS6,
    ecn: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: TTL,
    protocol: PROTOCOL_UDP,
    options: NOTHING,
    payload: datagram,
  });
  return ethernet.encode({ destination: reply.mac, source: routerMac, type: ETHERTYPE_IPV4, payload: packet });
}
