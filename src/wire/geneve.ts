import { PcgError } from "../base/error.ts";
import type { Vni } from "../net/vni.ts";
import { room } from "./room.ts";
import { flag, struct, uint } from "./struct.ts";

/**
 * Geneve fixed header, RFC 8926 §3.4.
 *
 *     +---+-----------+-+-+-----------+-------------------------------+
 *     |Ver|  Opt Len  |O|C|    Rsvd   |         Protocol Type         |
 *     +---+-----------+-+-+-----------+---------------+---------------+
 *     |        Virtual Network Identifier (VNI)       |    Reserved   |
 *     +-----------------------------------------------+---------------+
 */
const header = struct({
  version: uint(2),
  optionWords: uint(6),
  control: flag,
  critical: flag,
  _reserved1: uint(6),
  protocol: uint(16),
  vni: uint(24, (n) => n as Vni),
  _reserved2: uint(8),
});

/** Geneve option header, RFC 8926 §3.5. */
const optionHeader = struct({ optionClass: uint(16), type: uint(8), _reserved: uint(3), words: uint(5) });

/** The type's top bit: who does not know the option must drop the packet. RFC 8926 §3.5. */
const CRITICAL = 0x80;
const TRANS_ETHER_BRIDGING = 0x6558;

export interface GeneveOption {
  readonly optionClass: number;
  /** Eight bits; the top one says that it is critical. */
  readonly type: number;
  /** Whole words, up to 124 bytes. */
  readonly data: Uint8Array;
}

export interface GenevePacket {
  readonly vni: Vni;
  /** A control message of the tunnel, the O bit: never to be forwarded. */
  readonly control: boolean;
  readonly options: readonly GeneveOption[];
  /** An Ethernet frame. */
  readonly payload: Uint8Array;
}

/** A critical option this endpoint understands. */
export interface KnownOption {
  readonly optionClass: number;
  readonly type: number;
  /** Bytes its data has. */
  readonly length: number;
}

export const geneve = {
  /**
   * All receive rules of RFC 8926 §3.4 and §3.5.
   * @throws WIRE_TRUNCATED, WIRE_MALFORMED (lengths), WIRE_UNSUPPORTED (version, protocol), WIRE_CRITICAL_OPTION
   */
  decode(bytes: Uint8Array, known: readonly KnownOption[]): GenevePacket {
    const { version, optionWords, control, protocol, vni } = header.decode(bytes);
    if (version !== 0) throw new PcgError("WIRE_UNSUPPORTED", { field: "version", value: version });
    const end = header.size + optionWords * 4;
    if (bytes.length < end) throw new PcgError("WIRE_TRUNCATED", { need: end, have: bytes.length });
    if (protocol !== TRANS_ETHER_BRIDGING)
      throw new PcgError("WIRE_UNSUPPORTED", { field: "protocol", value: protocol });
    const options = readOptions(bytes.subarray(header.size, end));
    // The C bit only allows to skip this; an option that must be understood must be, whatever the bit says.
    for (const option of options) refuseUnknown(option, known);
    return { vni, control, options, payload: bytes.subarray(end) };
  },

  /** @throws WIRE_UNENCODABLE */
  encode({ vni, control, options, payload }: GenevePacket): Uint8Array {
    const optionWords = options.reduce((sum, { data }) => sum + 1 + data.length / 4, 0);
    const bytes = room(header.size + Math.ceil(optionWords) * 4 + payload.length);
    const critical = options.some(({ type }) => (type & CRITICAL) !== 0);
    header.encodeInto({ version: 0, optionWords, control, critical, protocol: TRANS_ETHER_BRIDGING, vni }, bytes);
    let at = header.size;
    for (const { data, ...option } of options) {
      optionHeader.encodeInto({ ...option, words: data.length / 4 }, bytes, at);
      bytes.set(data, at + optionHeader.size);
      at += optionHeader.size + data.length;
    }
    bytes.set(payload, at);
    return bytes;
  },
};

/** Lengths must fill Opt Len exactly. */
function readOptions(bytes: Uint8Array): GeneveOption[] {
  const options: GeneveOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { words, ...option } = optionHeader.decode(bytes, at);
    const end = at + optionHeader.size + words * 4;
    if (end > bytes.length) throw new PcgError("WIRE_MALFORMED", { field: "optionWords", at, end, have: bytes.length });
    options.push({ ...option, data: bytes.subarray(at + optionHeader.size, end) });
    at = end;
  }
  return options;
}

function refuseUnknown({ optionClass, type, data }: GeneveOption, known: readonly KnownOption[]): void {
  if ((type & CRITICAL) === 0) return;
  const understood = known.some((k) => k.optionClass === optionClass && k.type === type && k.length === data.length);
  if (!understood) throw new PcgError("WIRE_CRITICAL_OPTION", { optionClass, type, length: data.length });
}
