/** The veth pair between tunnel and stack: the stack receives on OVERLAY what is injected into OVERLAY_IN. */
export const OVERLAY = "overlay0";
export const OVERLAY_IN = "overlay0-in";

/** The next hop of every overlay prefix. It names no machine: the overlay's program replaces the Ethernet header. */
export const OVERLAY_NEXT_HOP = "169.254.1.1";
/** What {@link OVERLAY_NEXT_HOP} resolves to. */
export const OVERLAY_NEXT_HOP_MAC = "02:00:00:00:00:fe";

/** What may be merged into one packet that will be encapsulated: 64 KB less room for any tunnel header. */
export const GRO_MAX_BYTES = 65_000;

/** Names of the sets and maps that more than one stage uses. */
export const sets = {
  segments: "segments",
  gateways: "gateways",
  elasticDnat: "elastic-dnat",
  elasticSnat: "elastic-snat",
  underlayRouted: "underlay-routed",
  underlaySnat: "underlay-snat",
  natCounters: "nat-counters",
} as const;

/** The nftables counter of a drop reason. */
export const dropCounter = (reason: string): string => `drop-${reason}`;

/** Routing tables, one per question. */
export const tables = { edge: 100, uplink: 101, downlink: 102, management: 103, overlay: 104 } as const;

/**
 * What a packet of a VM's is marked with that is refused. The kernel gives its answer the same mark (fwmark_reflect), and
 * by that it is routed to the VM: a reset has the source that the VM asked for, which tells nothing.
 */
export const REFUSAL_MARK = 0x7063_6701;
