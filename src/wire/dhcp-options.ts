import { PcgError } from "../base/error.ts";
import { dhcpOption, type OptionCode } from "./dhcp-option-codes.ts";
import { room } from "./room.ts";

/** Options as they came, by code, unread. What comes first is written first. */
export type OptionSet = ReadonlyMap<number, Uint8Array>;

/** The places options may stand in, in the order in which a long option goes on from one to the next. RFC 3396 §5. */
export interface OptionAreas {
  readonly options: Uint8Array;
  readonly file: Uint8Array;
  readonly sname: Uint8Array;
}

const PAD = 0;
const END = 255;
const MAX_DATA = 255;
const OVERLOAD = dhcpOption.overload.code;
const RELAY_AGENT = dhcpOption.relayAgent.code;
/** Bits of option 52's value: which field holds options in place of its own content. RFC 2132 §9.3. */
const IN_FILE = 1;
const IN_SNAME = 2;

/** The value of one option, if it is there. @throws WIRE_MALFORMED */
export function readOption<T>(options: OptionSet, { code, value }: OptionCode<T>): T | undefined {
  const data = options.get(code);
  return data && value.decode(data);
}

/** All options of a message, the parts of long ones joined (RFC 3396), and which fields held options (option 52). */
export function readOptions(areas: OptionAreas): { options: Map<number, Uint8Array>; overload: number } {
  const parts = new Map<number, Uint8Array[]>();
  collect(areas.options, parts);
  const overload = overloadOf(parts.get(OVERLOAD));
  if (overload & IN_FILE) collect(areas.file, parts);
  if (overload & IN_SNAME) collect(areas.sname, parts);
  parts.delete(OVERLOAD);
  const options = new Map<number, Uint8Array>();
  for (const [code, pieces] of parts) options.set(code, joined(pieces));
  return { options, overload };
}

function overloadOf(pieces: readonly Uint8Array[] | undefined): number {
  if (!pieces) return 0;
  const value = dhcpOption.overload.value.decode(joined(pieces));
  if (value < IN_FILE || value > (IN_FILE | IN_SNAME))
    throw new PcgError("WIRE_MALFORMED", { option: OVERLOAD, value });
  return value;
}

/** An area that stops at its edge without END is read: some clients leave it out. */
function collect(area: Uint8Array, into: Map<number, Uint8Array[]>): void {
  let at = 0;
  for (;;) {
    while (area[at] === PAD) at++;
    const [code = END, length] = area.subarray(at, at + 2);
    if (code === END) return;
    const end = at + 2 + (length ?? 0);
    if (length === undefined || end > area.length) throw new PcgError("WIRE_TRUNCATED", { option: code, at });
    const pieces = into.get(code);
    const piece = area.subarray(at + 2, end);
    if (pieces) pieces.push(piece);
    else into.set(code, [piece]);
    at = end;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes an area has, and what has been put there. The last byte is END's. */
class Area {
  readonly bytes: Uint8Array;
  #used = 0;

  constructor(size: number) {
    this.bytes = room(size);
  }

  get used() {
    return this.#used;
  }

  get room() {
    return this.bytes.length - this.#used - 1;
  }

  put(code: number, data: Uint8Array) {
    this.bytes[this.#used] = code;
    this.bytes[this.#used + 1] = data.length;
    this.bytes.set(data, this.#used + 2);
    this.#used += 2 + data.length;
  }

  putAllOf(other: Area) {
    this.bytes.set(other.bytes.subarray(0, other.used), this.#used);
    this.#used += other.used;
  }

  ended(): Uint8Array {
    this.bytes[this.#used] = END;
    return this.bytes.subarray(0, this.#used + 1);
  }
}

/** What the fields may hold: `options` bytes at most, and the sizes of those fields that are free for options. */
export interface OptionRoom {
  readonly options: number;
  readonly file: number;
  readonly sname: number;
}

/** Options laid out into areas. A field that has no options stays undefined. */
export interface LaidOut {
  readonly options: Uint8Array;
  readonly file?: Uint8Array;
  readonly sname?: Uint8Array;
}

const OVERLOAD_LENGTH = 3;

/**
 * Options written into as few areas as they need, or undefined when they fit in none.
 * Only options above 255 bytes are cut, for not every client can join them. Option 82 comes last and never overflows
 * into another field, where relays would not look for it (RFC 3046 §2.1).
 */
export function layOut(options: OptionSet, sizes: OptionRoom): LaidOut | undefined {
  return intoMain(options, sizes.options) ?? intoAll(options, sizes);
}

function intoMain(options: OptionSet, size: number): LaidOut | undefined {
  let needed = 1;
  for (const data of options.values()) needed += lengthOf(data);
  if (needed > size) return undefined;
  const main = new Area(needed);
  return placeAll(options, [main]) && placeRelayAgent(options, main) ? { options: main.ended() } : undefined;
}

function intoAll(options: OptionSet, sizes: OptionRoom): LaidOut | undefined {
  const relay = options.get(RELAY_AGENT);
  const reserved = OVERLOAD_LENGTH + (relay ? lengthOf(relay) : 0);
  if (sizes.options <= reserved) return undefined;
  const main = new Area(sizes.options - reserved);
  const file = new Area(sizes.file);
  const sname = new Area(sizes.sname);
  if (!placeAll(options, [main, file, sname])) return undefined;
  const overload = (file.used > 0 ? IN_FILE : 0) | (sname.used > 0 ? IN_SNAME : 0);
  const whole = new Area(sizes.options);
  whole.put(OVERLOAD, Uint8Array.of(overload));
  whole.putAllOf(main);
  placeRelayAgent(options, whole);
  return {
    options: whole.ended(),
    ...(file.used > 0 && { file: file.ended() }),
    ...(sname.used > 0 && { sname: sname.ended() }),
  };
}

/** Bytes a value takes with the code and length before each of its pieces. */
const lengthOf = ({ length }: Uint8Array) => length + 2 * Math.max(1, Math.ceil(length / MAX_DATA));

function placeAll(options: OptionSet, areas: readonly Area[]): boolean {
  for (const [code, data] of options) if (code !== RELAY_AGENT && !place(code, data, areas)) return false;
  return true;
}

function placeRelayAgent(options: OptionSet, main: Area): boolean {
  const relay = options.get(RELAY_AGENT);
  return relay === undefined || place(RELAY_AGENT, relay, [main]);
}

function place(code: number, data: Uint8Array, areas: readonly Area[]): boolean {
  if (!(code > PAD && code < END) || code === OVERLOAD) throw new PcgError("WIRE_UNENCODABLE", { option: code });
  if (data.length <= MAX_DATA) {
    const area = areas.find(({ room }) => room >= 2 + data.length);
    area?.put(code, data);
    return area !== undefined;
  }
  let rest = data;
  for (const area of areas) {
    while (rest.length > 0 && area.room > 2) {
      const length = Math.min(rest.length, MAX_DATA, area.room - 2);
      area.put(code, rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }
  return rest.length === 0;
}
