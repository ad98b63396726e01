import { PcgError } from "../base/error.ts";
import type { Ipv4 } from "../net/ipv4.ts";
import { checksumOf, sumOf } from "./checksum.ts";
import { PROTOCOL_UDP } from "./ipv4.ts";
import { room } from "./room.ts";
import { struct, uint } from "./struct.ts";

/** RFC 768. */
const header = struct({ sourcePort: uint(16), destinationPort: uint(16), length: uint(16), checksum: uint(16) });

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** The IPv4 addresses a datagram goes between; its checksum covers them. */
export interface UdpPath {
  readonly source: Ipv4;
  readonly destination: Ipv4;
}

const halves = (a: Ipv4) => (a >>> 16) + (a & 0xffff);
const pseudoHeader = ({ source, destination }: UdpPath, length: number) =>
  halves(source) + halves(destination) + PROTOCOL_UDP + length;

const CHECKSUM_AT = 6;

export const udp = {
  /** A checksum of zero means there is none, RFC 768. @throws WIRE_* */
  decode(bytes: Uint8Array, path: UdpPath): UdpDatagram {
    const { sourcePort, destinationPort, length, checksum } = header.decode(bytes);
    if (length < header.size) throw new PcgError("WIRE_MALFORMED", { field: "length", value: length });
    if (bytes.length < length) throw new PcgError("WIRE_TRUNCATED", { need: length, have: bytes.length });
    const whole = bytes.subarray(0, length);
    if (checksum !== 0 && checksumOf(sumOf(whole, pseudoHeader(path, length))) !== 0)
      throw new PcgError("WIRE_CHECKSUM", { of: "UDP datagram" });
    return { sourcePort, destinationPort, payload: whole.subarray(header.size) };
  },

  /** @throws WIRE_UNENCODABLE */
  encode(datagram: UdpDatagram, path: UdpPath): Uint8Array {
    const length = header.size + datagram.payload.length;
    if (length > 0xffff) throw new PcgError("WIRE_UNENCODABLE", { field: "length", value: length });
    const bytes = room(length);
    header.encodeInto({ ...datagram, length, checksum: 0 }, bytes);
    bytes.set(datagram.payload, header.size);
    // A sum of zero is sent as its other form, for zero says there is no checksum.
    const checksum = checksumOf(sumOf(bytes, pseudoHeader(path, length))) || 0xffff;
    bytes[CHECKSUM_AT] = checksum >> 8;
    bytes[CHECKSUM_AT + 1] = checksum & 0xff;
    return bytes;
  },
};
