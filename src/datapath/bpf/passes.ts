/**
 * Everything the eBPF programs do with a packet but drop it. Each has a counter; on each hook a packet moves one of
 * them, and one that follows a flow out of a tunnel moves the flow's beside `decapsulated`.
 */
export const passes = {
  downlink_other: "downlink packets that are no tunnel traffic for this gateway: left to the stack",
  decapsulated: "packets taken out of the tunnel",
  arp_answered: "questions for a gateway address answered",
  control_dhcp: "DHCP requests given to the DHCP server",
  control_oam: "tunnel control packets (O bit) given to the daemon",
  flow_out: "packets of known connections sent on as they are",
  flow_tunnel: "packets of known connections put into the tunnel; bytes are those before",
  encapsulated: "packets put into the tunnel; bytes are those before",
  canonical_in: "uplink packets whose secondary address became its Elastic IP",
  uplink_in_other: "uplink packets received as they are",
  canonical_out: "uplink packets whose Elastic IP became its secondary address",
  uplink_out_other: "uplink packets sent as they are: the unit's own addresses, and ARP",
} as const;
