import type { Mac } from "../net/mac.ts";
import { room } from "./room.ts";
import { macField, struct, uint } from "./struct.ts";

export const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_VLAN = 0x8100;
const TAG_BYTES = 4;
const VLAN_ID = 0x0fff;

/** Ethernet II, IEEE 802.3 §3.1.1. A VLAN tag shows as its EtherType, 0x8100. */
const header = struct({ destination: macField, source: macField, type: uint(16) });

export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly type: number;
  readonly payload: Uint8Array;
}

export const ethernet = {
  /** @throws WIRE_TRUNCATED */
  decode(bytes: Uint8Array): EthernetFrame {
    return { ...header.decode(bytes), payload: bytes.subarray(header.size) };
  },

  encode(frame: EthernetFrame): Uint8Array {
    const bytes = room(header.size + frame.payload.length);
    header.encodeInto(frame, bytes);
    bytes.set(frame.payload, header.size);
    return bytes;
  },
};

/** A tag of VLAN 0 bears a priority and names no VLAN (IEEE 802.1Q §6.9.1): the frame is what it is without it. */
export function withoutPriorityTag(frame: EthernetFrame): EthernetFrame {
  const { type, payload } = frame;
  if (type !== ETHERTYPE_VLAN || payload.length < TAG_BYTES) return frame;
  const view = new DataView(payload.buffer, payload.byteOffset);
  if ((view.getUint16(0) & VLAN_ID) !== 0) return frame;
  return { ...frame, type: view.getUint16(2), payload: payload.subarray(TAG_BYTES) };
}
