import type { Segment } from "../model/topology.ts";
import type { Unit } from "../model/unit.ts";

/** Outer IPv4 20 + UDP 8 + GENEVE 8 + option 8 + inner Ethernet 14. */
const ENCAPSULATION_BYTES = 58;
/** The least that IPv4 asks of any link, RFC 791. */
const LEAST_MTU = 68;
/** What the Internet gateway lets through. */
const INTERNET_MTU = 1500;

/** Bytes of an inner packet that the downlink carries with the tunnel around it. Tunnel packets are never fragmented. */
export const overlayMtu = ({ downlink }: Unit): number => Math.max(LEAST_MTU, downlink.mtu - ENCAPSULATION_BYTES);

/** Of one segment, which may have tunnel endpoints behind a narrower path. */
export const segmentMtu = ({ mtu }: Segment, unit: Unit): number => Math.min(mtu ?? overlayMtu(unit), overlayMtu(unit));

export const uplinkMtu = ({ uplink }: Unit): number => Math.min(INTERNET_MTU, uplink.mtu);
