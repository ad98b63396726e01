import { FORWARDING, type ObjectOf } from "./kernel-object.ts";

/** Interfaces whose settings are ours. */
export interface SysctlLinks {
  readonly uplink: string;
  readonly downlink: string;
  readonly overlay: string;
}

const sysctl = (name: string, value: number, restore: number): ObjectOf<"sysctl"> => ({
  kind: "sysctl",
  name,
  value: `${value}`,
  restore: `${restore}`,
});

/** Every kernel setting the gateway owns: the value it needs, and Debian 12's own to go back to. */
export function ownedSysctls({ uplink, downlink, overlay }: SysctlLinks): ObjectOf<"sysctl">[] {
  return [
    sysctl("net/ipv4/conf/all/rp_filter", 0, 2),
    sysctl("net/ipv4/conf/all/send_redirects", 0, 1),
    ...[uplink, downlink, overlay].flatMap((link) => [
      // The kernel's check compares with one table; the tunnel, the firewall and AWS each check better.
      sysctl(`net/ipv4/conf/${link}/rp_filter`, 0, 2),
      sysctl(`net/ipv4/conf/${link}/send_redirects`, 0, 1),
      // Spares every packet a second route look-up, for its source; the programs refuse sources that are ours from overlay and uplink,
      // AWS those of its own VPC.
      sysctl(`net/ipv4/conf/${link}/accept_local`, 1, 0),
      sysctl(`net/ipv4/conf/${link}/accept_redirects`, 0, 1),
    ]),
    // Errors come from the address the sender knows, and so leave by the interface of that address.
    sysctl("net/ipv4/icmp_errors_use_inbound_ifaddr", 1, 0),
    ...[overlay, `${overlay}-in`].map((link) => sysctl(`net/ipv6/conf/${link}/disable_ipv6`, 1, 0)),
    // Fragments wait for the rest of their datagram in memory that all senders share: more of it, and for less long. Parts
    // of one datagram are sent at once, so that what is four seconds late is lost.
    sysctl("net/ipv4/ipfrag_high_thresh", 67_108_864, 4_194_304),
    sysctl("net/ipv4/ipfrag_time", 4, 30),
    // The answer to a packet that is refused has its mark, by which it is routed (REFUSAL_MARK).
    sysctl("net/ipv4/fwmark_reflect", 1, 0),
    // A connection taken over half-way is not cut for its sequence numbers.
    sysctl("net/netfilter/nf_conntrack_tcp_be_liberal", 1, 0),
    // RFC 4787 REQ-5: a UDP mapping lives two minutes at least, five recommended.
    sysctl("net/netfilter/nf_conntrack_udp_timeout", 120, 30),
    sysctl("net/netfilter/nf_conntrack_udp_timeout_stream", 300, 120),
    sysctl(FORWARDING, 1, 0),
  ];
}
