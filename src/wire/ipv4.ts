import { PcgError } from "../base/error.ts";
import type { Ipv4 } from "../net/ipv4.ts";
import { checksumOf, sumOf } from "./checksum.ts";
import { room } from "./room.ts";
import { flag, struct, uint } from "./struct.ts";

export const PROTOCOL_UDP = 17;

/**
 * IPv4 header without its options, RFC 791 §3.1; DSCP and ECN as of RFC 2474 and RFC 3168.
 *
 *     +-------+-------+-----------+---+-------------------------------+
 *     |Version|  IHL  |   DSCP    |ECN|         Total Length          |
 *     +-------+-------+-----------+---+-----+-------------------------+
 *     |        Identification         |0 D M|     Fragment Offset     |
 *     +---------------+---------------+-----+-------------------------+
 *     | Time to Live  |   Protocol    |        Header Checksum        |
 *     +---------------+---------------+-------------------------------+
 *     |                        Source Address                         |
 *     +---------------------------------------------------------------+
 *     |                      Destination Address                      |
 *     +---------------------------------------------------------------+
 */
const header = struct({
  version: uint(4),
  headerWords: uint(4),
  dscp: uint(6),
  ecn: uint(2),
  totalLength: uint(16),
  identification: uint(16),
  _evil: flag,
  dontFragment: flag,
  moreFragments: flag,
  fragmentOffset: uint(13),
  ttl: uint(8),
  protocol: uint(8),
  checksum: uint(16),
  source: uint(32, (n) => n as Ipv4),
  destination: uint(32, (n) => n as Ipv4),
});

export interface Ipv4Packet {
  readonly dscp: number;
  readonly ecn: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In units of eight bytes. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** Whole words; carried through, not read. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

const CHECKSUM_AT = 10;

export const ipv4 = {
  /** What lies behind the total length is link padding and is cut off. @throws WIRE_* */
  decode(bytes: Uint8Array): Ipv4Packet {
    const { version, headerWords, totalLength, checksum: _, ...fields } = header.decode(bytes);
    const headerLength = headerWords * 4;
    if (version !== 4) throw new PcgError("WIRE_UNSUPPORTED", { field: "version", value: version });
    if (headerLength < header.size || totalLength < headerLength)
      throw new PcgError("WIRE_MALFORMED", { field: "headerWords", headerWords, totalLength });
    if (bytes.length < totalLength) throw new PcgError("WIRE_TRUNCATED", { need: totalLength, have: bytes.length });
    if (checksumOf(sumOf(bytes.subarray(0, headerLength))) !== 0)
      throw new PcgError("WIRE_CHECKSUM", { of: "IPv4 header" });
    return {
      ...fields,
      options: bytes.subarray(header.size, headerLength),
      payload: bytes.subarray(headerLength, totalLength),
    };
  },

  /** @throws WIRE_UNENCODABLE */
  encode(packet: Ipv4Packet): Uint8Array {
    const headerLength = header.size + packet.options.length;
    const totalLength = headerLength + packet.payload.length;
    if (packet.options.length % 4 !== 0)
      throw new PcgError("WIRE_UNENCODABLE", { field: "options", length: packet.options.length });
    const bytes = room(totalLength);
    header.encodeInto({ ...packet, version: 4, headerWords: headerLength / 4, totalLength, checksum: 0 }, bytes);
    bytes.set(packet.options, header.size);
    const checksum = checksumOf(sumOf(bytes.subarray(0, headerLength)));
    bytes[CHECKSUM_AT] = checksum >> 8;
    bytes[CHECKSUM_AT + 1] = checksum & 0xff;
    bytes.set(packet.payload, headerLength);
    return bytes;
  },
};
