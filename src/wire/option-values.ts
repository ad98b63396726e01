import { PcgError } from "../base/error.ts";
import { Ipv4 } from "../net/ipv4.ts";
import { networkOf, type Prefix } from "../net/prefix.ts";
import { toHex } from "./hex.ts";

/** How the data of one DHCP option is read and written. Fails only with WIRE_MALFORMED and WIRE_UNENCODABLE. */
export interface OptionValue<T> {
  readonly decode: (data: Uint8Array) => T;
  readonly encode: (value: T) => Uint8Array;
}

export function malformed(must: string, data: Uint8Array): PcgError {
  return new PcgError("WIRE_MALFORMED", { must, data: toHex(data.subarray(0, 64)) });
}

const numberAt = (width: number, data: Uint8Array, at: number): number => {
  let n = 0;
  for (let i = at; i < at + width; i++) n = n * 256 + (data[i] ?? 0);
  return n;
};

function numbersOf(width: 1 | 2 | 4, data: Uint8Array): number[] {
  if (data.length === 0 || data.length % width !== 0) throw malformed(`a multiple of ${width} bytes`, data);
  return Array.from({ length: data.length / width }, (_, i) => numberAt(width, data, i * width));
}

function bytesOf(width: 1 | 2 | 4, values: readonly number[]): Uint8Array {
  if (values.length === 0) throw new PcgError("WIRE_UNENCODABLE", { must: "at least one" });
  const bytes = new Uint8Array(values.length * width);
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** width)
      throw new PcgError("WIRE_UNENCODABLE", { value, bytes: width });
    let rest = value;
    for (let i = width - 1; i >= 0; i--) {
      bytes[index * width + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  });
  return bytes;
}

const only = (width: 1 | 2 | 4, data: Uint8Array): number => {
  if (data.length !== width) throw malformed(`${width} bytes`, data);
  return numberAt(width, data, 0);
};

const unsigned = (width: 1 | 2 | 4): OptionValue<number> => ({
  decode: (data) => only(width, data),
  encode: (value) => bytesOf(width, [value]),
});
export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

export const i32: OptionValue<number> = {
  decode: (data) => only(4, data) | 0,
  encode(value) {
    if ((value | 0) !== value) throw new PcgError("WIRE_UNENCODABLE", { value, must: "32 bits with sign" });
    return bytesOf(4, [value >>> 0]);
  },
};

const unsignedList = (width: 1 | 2): OptionValue<readonly number[]> => ({
  decode: (data) => numbersOf(width, data),
  encode: (values) => bytesOf(width, values),
});
export const u8List = unsignedList(1);
export const u16List = unsignedList(2);

export const truth: OptionValue<boolean> = {
  decode(data) {
    const n = only(1, data);
    if (n > 1) throw malformed("0 or 1", data);
    return n === 1;
  },
  encode: (value) => Uint8Array.of(value ? 1 : 0),
};

/** An option that says something by being there. */
export const presence: OptionValue<true> = {
  decode(data) {
    if (data.length > 0) throw malformed("no data", data);
    return true;
  },
  encode: () => new Uint8Array(),
};

export const address: OptionValue<Ipv4> = {
  decode: (data) => Ipv4(only(4, data)),
  encode: (value) => bytesOf(4, [value]),
};

export const addresses: OptionValue<readonly Ipv4[]> = {
  decode: (data) => numbersOf(4, data).map(Ipv4),
  encode: (values) => bytesOf(4, values),
};

/** Pairs of addresses: policy filters and classful static routes. RFC 2132 §4.3, §5.8. */
export const addressPairs: OptionValue<readonly (readonly [Ipv4, Ipv4])[]> = {
  decode(data) {
    if (data.length % 8 !== 0) throw malformed("a multiple of 8 bytes", data);
    const flat = addresses.decode(data);
    return Array.from({ length: flat.length / 2 }, (_, i) => [Ipv4(flat[i * 2] ?? 0), Ipv4(flat[i * 2 + 1] ?? 0)]);
  },
  encode: (pairs) => addresses.encode(pairs.flat()),
};

/** Text of bytes. A trailing NUL, which some clients send, is not part of it. RFC 2132 §2. */
export const text: OptionValue<string> = {
  decode(data) {
    const end = data.findLastIndex((b) => b !== 0) + 1;
    if (end === 0) throw malformed("at least one character", data);
    return String.fromCharCode(...data.subarray(0, Math.min(end, MAX_TEXT)));
  },
  encode(value) {
    const codes = Array.from(value, (c) => c.charCodeAt(0));
    if (codes.length === 0 || codes.length > MAX_TEXT || codes.at(-1) === 0 || codes.some((c) => c > 0xff))
      throw new PcgError("WIRE_UNENCODABLE", { value, must: "1 to 4096 characters of 8 bits" });
    return Uint8Array.from(codes);
  },
};
const MAX_TEXT = 4096;

export const raw: OptionValue<Uint8Array> = { decode: (data) => data, encode: (value) => value };

/** Who a client says it is. Type 255 is RFC 4361's: an interface number and a DUID. Type 1 holds a MAC. RFC 2132 §9.14. */
export type ClientId =
  | { readonly kind: "duid"; readonly iaid: number; readonly duid: Uint8Array }
  | { readonly kind: "other"; readonly type: number; readonly id: Uint8Array };

const DUID_TYPE = 255;
/** Type, IAID and at least a DUID's own type. */
const LEAST_DUID = 7;

export const clientId: OptionValue<ClientId> = {
  decode(data) {
    const [type] = data;
    if (type === undefined || data.length < 2) throw malformed("at least 2 bytes", data);
    // Windows and others sent type 255 with something shorter before RFC 4361 gave it a form.
    if (type !== DUID_TYPE || data.length < LEAST_DUID) return { kind: "other", type, id: data.subarray(1) };
    return { kind: "duid", iaid: only(4, data.subarray(1, 5)), duid: data.subarray(5) };
  },
  encode(value) {
    const head = value.kind === "duid" ? [DUID_TYPE, ...bytesOf(4, [value.iaid])] : [...bytesOf(1, [value.type])];
    const body = value.kind === "duid" ? value.duid : value.id;
    if (body.length === 0) throw new PcgError("WIRE_UNENCODABLE", { must: "at least 2 bytes" });
    return Uint8Array.of(...head, ...body);
  },
};

/** Sub-options of option 82 by their code. RFC 3046 §2.0. */
export const relayAgent: OptionValue<ReadonlyMap<number, Uint8Array>> = {
  decode(data) {
    const parts = new Map<number, Uint8Array>();
    for (let at = 0; at < data.length; ) {
      const [code, length] = data.subarray(at, at + 2);
      const end = at + 2 + (length ?? 0);
      if (code === undefined || length === undefined || end > data.length || parts.has(code))
        throw malformed("whole sub-options, each once", data);
      parts.set(code, data.subarray(at + 2, end));
      at = end;
    }
    if (parts.size === 0) throw malformed("at least one sub-option", data);
    return parts;
  },
  encode(parts) {
    const bytes: number[] = [];
    for (const [code, data] of parts) {
      if (data.length > 255) throw new PcgError("WIRE_UNENCODABLE", { code, length: data.length });
      bytes.push(...bytesOf(1, [code]), data.length, ...data);
    }
    if (bytes.length === 0) throw new PcgError("WIRE_UNENCODABLE", { must: "at least one sub-option" });
    return Uint8Array.from(bytes);
  },
};

export interface ClasslessRoute {
  readonly prefix: Prefix;
  readonly via: Ipv4;
}

/** Destination descriptors: a length, only the octets it covers, and the router. RFC 3442. */
export const classlessRoutes: OptionValue<readonly ClasslessRoute[]> = {
  decode(data) {
    const routes: ClasslessRoute[] = [];
    for (let at = 0; at < data.length; ) {
      const length = data[at] ?? 0;
      const octets = Math.ceil(length / 8);
      const end = at + 1 + octets + 4;
      if (length > 32 || end > data.length) throw malformed("whole destination descriptors", data);
      const padded = new Uint8Array(4);
      padded.set(data.subarray(at + 1, at + 1 + octets));
      // Bits beyond the length are to be cleared by who reads them.
      const prefix = networkOf({ address: address.decode(padded), length });
      routes.push({ prefix, via: address.decode(data.subarray(end - 4, end)) });
      at = end;
    }
    if (routes.length === 0) throw malformed("at least one route", data);
    return routes;
  },
  encode(routes) {
    if (routes.length === 0) throw new PcgError("WIRE_UNENCODABLE", { must: "at least one route" });
    return Uint8Array.from(
      routes.flatMap(({ prefix: { address: a, length }, via }) => [
        length,
        ...bytesOf(4, [a]).subarray(0, Math.ceil(length / 8)),
        ...bytesOf(4, [via]),
      ]),
    );
  },
};
