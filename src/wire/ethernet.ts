import type { Mac } from "../net/mac.ts";
import { room } from "./room.ts";
import { macField, struct, uint } from "./struct.ts";

export const ETHERTYPE_IPV4 = 0x0800;

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
