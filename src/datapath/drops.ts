/**
 * Every reason a packet is dropped for, once. The C programs get this list as an enum (bpf/generate.ts), nftables gets
 * a named counter for each `firewall` row, and operators read the sentence.
 */
export const drops = {
  // downlink: the outer packet and the GENEVE header (RFC 8926)
  OUTER_FRAGMENT: { at: "downlink", says: "GENEVE came in fragments; tunnel packets must not be fragmented" },
  OUTER_MALFORMED: { at: "downlink", says: "outer IP or UDP lengths contradict the packet" },
  OUTER_CHECKSUM: { at: "downlink", says: "outer IP checksum is wrong, or the UDP checksum is present and wrong" },
  GENEVE_VERSION: { at: "downlink", says: "GENEVE version is not 0" },
  GENEVE_PROTOCOL: { at: "downlink", says: "GENEVE payload is not Ethernet (0x6558)" },
  GENEVE_TRUNCATED: { at: "downlink", says: "packet ends inside the GENEVE header or its options" },
  GENEVE_OPTION_LENGTHS: { at: "downlink", says: "option lengths do not add up to Opt Len" },
  GENEVE_CRITICAL_OPTION: { at: "downlink", says: "a critical option is unknown here" },
  ECN_UNCAPABLE: { at: "downlink", says: "congestion was signalled on a flow that cannot hear it (RFC 6040 §4.2)" },
  // downlink: who may send what
  UNKNOWN_TEP: { at: "downlink", says: "outer source is not a tunnel endpoint of this network" },
  UNKNOWN_VNI: { at: "downlink", says: "VNI is not a segment of this gateway" },
  TEP_NOT_IN_SEGMENT: { at: "downlink", says: "tunnel endpoint has no interface on that segment" },
  INNER_TRUNCATED: { at: "downlink", says: "inner frame is cut short, or its lengths contradict it" },
  SPOOFED_MAC: { at: "downlink", says: "inner source MAC is not bound to that tunnel endpoint and segment" },
  SPOOFED_IP: { at: "downlink", says: "inner source address is not bound to that MAC" },
  NOT_FOR_GATEWAY: { at: "downlink", says: "inner frame is addressed to neither the gateway nor everyone" },
  INNER_PROTOCOL: { at: "downlink", says: "inner frame is neither IPv4 nor ARP" },
  ARP_UNANSWERED: { at: "downlink", says: "ARP that asks for no address of the gateway" },
  ERROR_NOT_OWN: { at: "downlink", says: "ICMP error of a VM about a packet that was not sent to it, or in fragments" },
  DOWNLINK_SPOOFED: {
    at: "downlink",
    says: "plain packet on the downlink whose source is an overlay's, the gateway's, or of no VPC prefix joined here",
  },
  /** Also by the uplink's program. */
  FRAGMENTS: { at: "downlink", says: "fragment of a sender whose incomplete datagrams take their share of memory" },
  CONTROL_RATE_PORT: { at: "downlink", says: "control packets of one segment port or tunnel endpoint came too fast" },
  CONTROL_RATE: { at: "downlink", says: "control packets came faster than their limit" },
  // overlay: towards a VM
  OVERLAY_PROTOCOL: { at: "overlay", says: "only IPv4 goes into the overlay" },
  UNKNOWN_ENDPOINT: { at: "overlay", says: "no interface has that overlay address" },
  OVERLAY_TOO_LARGE: { at: "overlay", says: "inner packet leaves no room for the tunnel header in 65,535 bytes" },
  NO_ROUTE_TO_TEP: { at: "overlay", says: "routing refuses the way to the tunnel endpoint" },
  ENCAPSULATION_FAILED: { at: "overlay", says: "the kernel could not add or remove the tunnel header" },
  // uplink
  UNTRANSLATED_SOURCE: { at: "uplink", says: "packet would leave the uplink with a source that is not ours" },
  UPLINK_PROTOCOL: { at: "uplink", says: "only IPv4 and ARP leave the uplink" },
  UPLINK_NOT_INTERNET: {
    at: "uplink",
    says: "source on the uplink is none of the Internet's (VPC, management, private, link-local); VPC hosts reach overlay addresses through the downlink, not through an Elastic IP's secondary address",
  },
  ERROR_ELSEWHERE: {
    at: "uplink",
    says: "ICMP error about a packet that did not leave where the error comes in, or without one",
  },
  UPLINK_MALFORMED: { at: "uplink", says: "IP header is cut short or contradicts itself" },
  // nftables
  LINK_LOCAL: { at: "firewall", says: "overlay to 169.254.0.0/16 (cloud metadata) is never allowed" },
  MANAGEMENT: { at: "firewall", says: "overlay or uplink to the management network is never allowed" },
  TO_GATEWAY: { at: "firewall", says: "packet to the gateway itself that it does not serve" },
  // Also by the uplink's program, which sees the packets of established connections too.
  UPLINK_SPOOFED: { at: "firewall", says: "packet from outside with a source that is inside" },
  TUNNEL_PORT: { at: "firewall", says: "overlay to the tunnel's UDP port in the VPC is never allowed" },
  NAT_PROTOCOL: { at: "firewall", says: "UDP-Lite and DCCP cannot be translated: their checksums cover the addresses" },
  INVALID_STATE: { at: "firewall", says: "packet belongs to no connection" },
  NOT_ALLOWED: { at: "firewall", says: "no firewall rule allows it" },
  FIREWALL_RULE: { at: "firewall", says: "a firewall rule drops it" },
  NO_TRANSLATION: { at: "firewall", says: "no NAT rule gives the source a public address" },
} as const satisfies Record<string, { at: "downlink" | "overlay" | "uplink" | "firewall"; says: string }>;
