/** nft's types that keys and values of our sets have. */
export const setTypes = ["ipv4_addr", "inet_proto", "inet_service", "mark", "ct_dir", "ifname"] as const;
export type SetType = (typeof setTypes)[number];

/** What a rule may look at, in nft's own words, by the type it has. There is nothing else. */
export const fieldsByType = {
  ifname: ["iifname", "oifname"],
  ipv4_addr: ["ip saddr", "ip daddr", "ct original ip saddr", "ct original ip daddr", "ct reply ip saddr"],
  inet_proto: ["meta l4proto"],
  inet_service: ["th sport", "th dport", "tcp sport", "tcp dport", "udp sport", "udp dport"],
  mark: ["ct mark", "meta mark"],
  ct_dir: ["ct direction"],
} as const satisfies Record<SetType, readonly string[]>;

export type KeyField = (typeof fieldsByType)[SetType][number];
/** Fields that may be part of a set's key. */
export const keyFields: readonly KeyField[] = Object.values(fieldsByType).flat();

/** Transport protocols by the names that nft, /etc/protocols and we agree on (IANA protocol numbers). */
export const protocols = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  udplite: 136,
} as const;
export type ProtocolName = keyof typeof protocols;
export const protocolNames = Object.keys(protocols) as ProtocolName[];

export const tcpFlags = ["fin", "syn", "rst", "psh", "ack", "urg"] as const;
export const ctStates = ["new", "established", "related", "invalid", "untracked"] as const;
/** IPS_* of linux/netfilter/nf_conntrack_common.h. */
export const ctStatuses = ["expected", "seen-reply", "assured", "confirmed", "snat", "dnat", "dying"] as const;
export const addressTypes = ["unicast", "local", "broadcast", "multicast"] as const;
export const directions = ["original", "reply"] as const;

/** As nft writes a mark. */
export const markText = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;
