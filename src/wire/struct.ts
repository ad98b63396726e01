import { PcgError } from "../base/error.ts";
import type { Mac } from "../net/mac.ts";
import { toHex } from "./hex.ts";
import { room } from "./room.ts";

/** One field of a header: how wide it is, and how to read and write it once its place is known. */
export interface Field<T> {
  readonly bits: number;
  /** @param bit where it starts, counted from the header's first bit */
  readonly at: (bit: number, name: string) => Placed<T>;
}

interface Placed<T> {
  readonly load: (bytes: Uint8Array, base: number) => T;
  /** Writes into bytes that are still zero. */
  readonly store: (bytes: Uint8Array, base: number, value: T) => void;
}

/** An unsigned number of 1 to 32 bits in network order, at any bit. `make` gives it its brand. */
export function uint<T extends number = number>(bits: number, make: (n: number) => T = (n) => n as T): Field<T> {
  const limit = 2 ** bits;
  return {
    bits,
    at(bit, name) {
      const first = bit >> 3;
      const count = Math.ceil(((bit & 7) + bits) / 8);
      const below = 2 ** (count * 8 - (bit & 7) - bits);
      return {
        load(bytes, base) {
          let n = 0;
          for (let i = base + first; i < base + first + count; i++) n = n * 256 + (bytes[i] ?? 0);
          return make(Math.floor(n / below) % limit);
        },
        store(bytes, base, value) {
          if (!Number.isInteger(value) || value < 0 || value >= limit)
            throw new PcgError("WIRE_UNENCODABLE", { field: name, value, bits });
          let rest = value * below;
          for (let i = base + first + count - 1; rest > 0; i--) {
            bytes[i] = (bytes[i] ?? 0) | (rest % 256);
            rest = Math.floor(rest / 256);
          }
        },
      };
    },
  };
}

/** One bit. */
export const flag: Field<boolean> = {
  bits: 1,
  at(bit, name) {
    const { load, store } = uint(1).at(bit, name);
    return {
      load: (bytes, base) => load(bytes, base) === 1,
      store: (bytes, base, value) => store(bytes, base, value ? 1 : 0),
    };
  },
};

/** Exactly `length` bytes, on a byte boundary. Loaded as a view of the packet, not a copy. */
export const octets = (length: number): Field<Uint8Array> => ({
  bits: length * 8,
  at(bit, name) {
    const first = bit / 8;
    return {
      load: (bytes, base) => bytes.subarray(base + first, base + first + length),
      store(bytes, base, value) {
        if (value.length !== length)
          throw new PcgError("WIRE_UNENCODABLE", { field: name, length: value.length, must: length });
        bytes.set(value, base + first);
      },
    };
  },
});

/** An Ethernet address. */
export const macField: Field<Mac> = {
  bits: 48,
  at(bit, name) {
    const first = bit / 8;
    const { load } = octets(6).at(bit, name);
    return {
      load: (bytes, base) => toHex(load(bytes, base), ":") as Mac,
      store(bytes, base, value) {
        for (let i = 0; i < 6; i++) bytes[base + first + i] = Number.parseInt(value.slice(i * 3, i * 3 + 2), 16);
      },
    };
  },
};

type Layout<T> = { readonly [K in keyof T]: Field<T[K]> };
type Visible<T> = { readonly [K in keyof T as K extends `_${string}` ? never : K]: T[K] };

/** A header of fixed size. */
export interface Struct<T> {
  readonly size: number;
  /** @throws WIRE_TRUNCATED */
  decode(bytes: Uint8Array, at?: number): T;
  /** @throws WIRE_UNENCODABLE */
  encode(value: T): Uint8Array;
  /** Like encode, into bytes that are still zero. */
  encodeInto(value: T, bytes: Uint8Array, at?: number): void;
}

/**
 * A header from its fields, listed in wire order.
 * Names that start with `_` are reserved: sent as zero, ignored on receipt.
 */
export function struct<T extends object>(layout: Layout<T>): Struct<Visible<T>> {
  type Row = { readonly name: string; readonly placed: Placed<unknown> };
  const rows: Row[] = [];
  let bit = 0;
  for (const [name, field] of Object.entries(layout) as [string, Field<unknown>][]) {
    if (!name.startsWith("_")) rows.push({ name, placed: field.at(bit, name) });
    bit += field.bits;
  }
  const size = bit / 8;

  function encodeInto(value: Visible<T>, bytes: Uint8Array, at = 0) {
    for (const { name, placed } of rows) placed.store(bytes, at, (value as Record<string, unknown>)[name]);
  }
  return {
    size,
    decode(bytes, at = 0) {
      if (bytes.length - at < size) throw new PcgError("WIRE_TRUNCATED", { need: size, have: bytes.length - at });
      const value: Record<string, unknown> = {};
      for (const { name, placed } of rows) value[name] = placed.load(bytes, at);
      return value as Visible<T>;
    },
    encode(value) {
      const bytes = room(size);
      encodeInto(value, bytes);
      return bytes;
    },
    encodeInto,
  };
}
