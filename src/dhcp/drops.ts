/** Every reason the DHCP service gives no answer for, once. Operators read the sentence. */
export const dhcpDrops = {
  // the tunnel, RFC 8926
  GENEVE_TRUNCATED: "datagram ends inside the GENEVE header or its options",
  GENEVE_MALFORMED: "option lengths do not add up to Opt Len",
  GENEVE_UNSUPPORTED: "GENEVE version is not 0, or its payload not Ethernet",
  GENEVE_CRITICAL_OPTION: "a critical option is unknown here",
  GENEVE_CONTROL: "control message of the tunnel that nobody here understands",
  // the frame inside
  NOT_DHCP: "inner frame is no UDP datagram for the DHCP server port",
  FRAGMENT: "DHCP request came in fragments",
  FRAME_MALFORMED: "inner headers are cut short, contradict themselves or have a wrong checksum",
  NOT_FOR_SERVER: "sent to an address that is not this server's",
  NO_SERVER: "the segment has no DHCP server",
  // the message
  MALFORMED: "DHCP message is cut short or contradicts itself",
  NOT_A_REQUEST: "message is a reply, or of a type that only servers send",
  HARDWARE: "client's hardware address is no single Ethernet address",
  SPOOFED: "client's hardware address is not the one the frame came from",
  UNKNOWN_RELAY: "relayed by an address that is not among the server's relays",
  // what the engine decides
  OTHER_SERVER: "client speaks to another server",
  UNKNOWN_CLIENT: "client asks to go on with an address there is no record of",
  POOL_EXHAUSTED: "no address is free",
  BINDING_IN_USE: "the client's own address is held by other hardware, or rests",
  DECLINE_SHARE: "port declined one more address than it may have: the one before rests no more",
  NOT_ITS_LEASE: "client gives back or declines an address it does not hold",
  // this side
  STORE_FAILED: "the lease could not be made durable",
  REPLY_FAILED: "the reply could not be encoded or sent",
} as const;

export type DhcpDrop = keyof typeof dhcpDrops;
