import { PcgError } from "../base/error.ts";
import type { Ipv4 } from "../net/ipv4.ts";
import { dhcpOption } from "./dhcp-option-codes.ts";
import { type LaidOut, layOut, type OptionSet, readOptions } from "./dhcp-options.ts";
import { room } from "./room.ts";
import { flag, octets, struct, uint } from "./struct.ts";

const address = uint(32, (n) => n as Ipv4);

/**
 * The fixed part of a message, RFC 2131 §2.
 *
 *     +---------------+---------------+---------------+---------------+
 *     |      op       |     htype     |     hlen      |     hops      |
 *     +---------------+---------------+---------------+---------------+
 *     |                              xid                              |
 *     +-------------------------------+-+-----------------------------+
 *     |             secs              |B|             MBZ             |
 *     +-------------------------------+-+-----------------------------+
 *     |            ciaddr, yiaddr, siaddr, giaddr, 4 each             |
 *     +---------------------------------------------------------------+
 *     |          chaddr (16), sname (64), file (128), cookie          |
 *     +---------------------------------------------------------------+
 */
const header = struct({
  op: uint(8),
  htype: uint(8),
  hlen: uint(8),
  hops: uint(8),
  xid: uint(32),
  secs: uint(16),
  broadcast: flag,
  _mustBeZero: uint(15),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: octets(16),
  sname: octets(64),
  file: octets(128),
  cookie: uint(32),
});

const COOKIE = 0x63825363;
/** What every BOOTP node takes, RFC 1542 §2.1; some clients refuse less. */
const LEAST = 300;
const IP_AND_UDP = 28;
/** The size every client takes, IP header included, RFC 2131 §2. */
export const LEAST_MAX_SIZE = 576;

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
export const HTYPE_ETHERNET = 1;

export interface DhcpMessage {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly broadcast: boolean;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  readonly chaddr: Uint8Array;
  /** Zeros where it held options. */
  readonly sname: Uint8Array;
  /** Zeros where it held options. */
  readonly file: Uint8Array;
  readonly options: OptionSet;
}

/** What stands in sname and file when there is nothing to say. */
export const NO_SNAME = new Uint8Array(64);
export const NO_FILE = new Uint8Array(128);
const isBlank = (bytes: Uint8Array) => bytes === NO_SNAME || bytes === NO_FILE || bytes.every((b) => b === 0);

/** Whether an option may be left out for want of room: all but the protocol's own and option 82. */
const mayGo = (code: number) => code !== dhcpOption.relayAgent.code && !(code >= 50 && code <= 61);

export const dhcp = {
  /** @throws WIRE_TRUNCATED, WIRE_MALFORMED, WIRE_UNSUPPORTED (plain BOOTP) */
  decode(bytes: Uint8Array): DhcpMessage {
    const { cookie, sname, file, ...fixed } = header.decode(bytes);
    if (cookie !== COOKIE) throw new PcgError("WIRE_UNSUPPORTED", { field: "cookie", value: cookie });
    if (fixed.hlen > 16) throw new PcgError("WIRE_MALFORMED", { field: "hlen", value: fixed.hlen });
    const { options, overload } = readOptions({ options: bytes.subarray(header.size), file, sname });
    return {
      ...fixed,
      sname: overload & 2 ? NO_SNAME : sname,
      file: overload & 1 ? NO_FILE : file,
      options,
    };
  },

  /**
   * @param maxSize the client's maximum message size (option 57), IP header included
   * @throws WIRE_UNENCODABLE, also when the options do not fit
   */
  encode(message: DhcpMessage, maxSize = LEAST_MAX_SIZE): Uint8Array {
    const areas = areasFor(message, message.options, maxSize);
    if (!areas) throw new PcgError("WIRE_UNENCODABLE", { must: `fit in ${maxSize} bytes` });
    return assemble(message, areas);
  },

  /**
   * Like encode; but what does not fit is left out: first sname and file, which give their room to options (66 and 67
   * say the same, RFC 2132 §9.4), then the last options.
   */
  encodeFitting(whole: DhcpMessage, maxSize = LEAST_MAX_SIZE): Uint8Array {
    let areas = areasFor(whole, whole.options, maxSize);
    const message = areas ? whole : { ...whole, sname: NO_SNAME, file: NO_FILE };
    areas ??= areasFor(message, message.options, maxSize);
    const options = new Map(areas ? [] : message.options);
    const spare = [...options.keys()].filter(mayGo);
    while (!areas) {
      const last = spare.pop();
      if (last === undefined) throw new PcgError("WIRE_UNENCODABLE", { must: `fit in ${maxSize} bytes` });
      options.delete(last);
      areas = areasFor(message, options, maxSize);
    }
    return assemble(message, areas);
  },
};

function areasFor(message: DhcpMessage, options: OptionSet, maxSize: number): LaidOut | undefined {
  return layOut(options, {
    options: Math.max(maxSize, LEAST_MAX_SIZE) - IP_AND_UDP - header.size,
    file: isBlank(message.file) ? NO_FILE.length : 0,
    sname: isBlank(message.sname) ? NO_SNAME.length : 0,
  });
}

function assemble(message: DhcpMessage, areas: LaidOut): Uint8Array {
  const bytes = room(Math.max(LEAST, header.size + areas.options.length));
  const sname = padded(areas.sname, NO_SNAME.length) ?? message.sname;
  const file = padded(areas.file, NO_FILE.length) ?? message.file;
  header.encodeInto({ ...message, sname, file, cookie: COOKIE }, bytes);
  bytes.set(areas.options, header.size);
  return bytes;
}

function padded(area: Uint8Array | undefined, length: number): Uint8Array | undefined {
  if (!area) return undefined;
  const whole = room(length);
  whole.set(area);
  return whole;
}
