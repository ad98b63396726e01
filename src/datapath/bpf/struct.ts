import { Ipv4 } from "../../net/ipv4.ts";
import { type Mac, macBytes, macOfBytes } from "../../net/mac.ts";

/**
 * A value as C and TypeScript both hold it. One row: C type, bytes, alignment, and how TypeScript puts and gets it.
 * Host order is little-endian on every machine this runs on (x86-64, arm64).
 */
const field = <T>(row: {
  c: string;
  array?: number;
  size: number;
  align: number;
  put: (view: DataView, at: number, value: T) => void;
  get: (view: DataView, at: number) => T;
}) => row;

const wholeBytes = (view: DataView, at: number, size: number) =>
  new Uint8Array(view.buffer, view.byteOffset + at, size);

const types = {
  u8: field<number>({
    c: "__u8",
    size: 1,
    align: 1,
    put: (v, at, n) => v.setUint8(at, n),
    get: (v, at) => v.getUint8(at),
  }),
  u32: field<number>({
    c: "__u32",
    size: 4,
    align: 4,
    put: (v, at, n) => v.setUint32(at, n, true),
    get: (v, at) => v.getUint32(at, true),
  }),
  u64: field<bigint>({
    c: "__u64",
    size: 8,
    align: 8,
    put: (v, at, n) => v.setBigUint64(at, n, true),
    get: (v, at) => v.getBigUint64(at, true),
  }),
  be16: field<number>({
    c: "__be16",
    size: 2,
    align: 2,
    put: (v, at, n) => v.setUint16(at, n),
    get: (v, at) => v.getUint16(at),
  }),
  be32: field<number>({
    c: "__be32",
    size: 4,
    align: 4,
    put: (v, at, n) => v.setUint32(at, n),
    get: (v, at) => v.getUint32(at),
  }),
  ipv4: field<Ipv4>({
    c: "__be32",
    size: 4,
    align: 4,
    put: (v, at, a) => v.setUint32(at, a),
    get: (v, at) => Ipv4(v.getUint32(at)),
  }),
  mac: field<Mac>({
    c: "__u8",
    array: 6,
    size: 6,
    align: 1,
    put: (v, at, mac) => wholeBytes(v, at, 6).set(macBytes(mac)),
    get: (v, at) => macOfBytes(wholeBytes(v, at, 6)),
  }),
} as const;

type FieldType = keyof typeof types;
/** Field names in C's order. */
export type Struct = Readonly<Record<string, FieldType>>;
/** What a struct is in TypeScript, read off its table. */
export type ValueOf<S extends Struct> = { readonly [F in keyof S]: ReturnType<(typeof types)[S[F]]["get"]> };

const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

/** One member of the struct in C; padding is a member too, so that keys hash the same however they were made. */
interface Member {
  readonly name: string;
  readonly c: string;
  readonly array: number | undefined;
  readonly offset: number;
  readonly type: FieldType | undefined;
}

const padding = (from: number, to: number, n: number): Member[] =>
  to > from ? [{ name: `pad${n}`, c: "__u8", array: to - from, offset: from, type: undefined }] : [];

interface Layout {
  readonly members: readonly Member[];
  readonly size: number;
}

const layouts = new WeakMap<Struct, Layout>();

/** Members with natural alignment and every hole named, and the size of it all. */
export function layout(struct: Struct): Layout {
  const known = layouts.get(struct) ?? makeLayout(struct);
  layouts.set(struct, known);
  return known;
}

function makeLayout(struct: Struct): Layout {
  const members: Member[] = [];
  let end = 0;
  let widest = 1;
  for (const [name, type] of Object.entries(struct)) {
    const { c, size, align, array } = { array: undefined, ...types[type] };
    const offset = roundUp(end, align);
    members.push(...padding(end, offset, members.length), { name, c, array, offset, type });
    end = offset + size;
    widest = Math.max(widest, align);
  }
  const size = roundUp(end, widest);
  return { members: [...members, ...padding(end, size, members.length)], size };
}

/** The bytes of a struct, padding zero. */
export function encode<S extends Struct>(struct: S, value: ValueOf<S>): Uint8Array {
  const { members, size } = layout(struct);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const { name, type, offset } of members) {
    if (type) (types[type].put as (v: DataView, at: number, value: unknown) => void)(view, offset, value[name]);
  }
  return bytes;
}

/** Reads some fields of a struct, and none of the others: for maps with many entries. */
export function picker<S extends Struct, F extends keyof S & string>(struct: S, names: readonly F[]) {
  const fields = layout(struct).members.flatMap(({ name, type, offset }) => {
    const wanted = names.find((n) => n === name);
    return wanted !== undefined && type ? [{ name: wanted, offset, get: types[type].get }] : [];
  });
  return (bytes: Uint8Array): Pick<ValueOf<S>, F> => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const picked: Partial<Record<F, unknown>> = {};
    for (const { name, offset, get } of fields) picked[name] = get(view, offset);
    return picked as Pick<ValueOf<S>, F>;
  };
}

/** The struct in these bytes. */
export function decode<S extends Struct>(struct: S, bytes: Uint8Array): ValueOf<S> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = layout(struct).members.flatMap(({ name, type, offset }) =>
    type ? [[name, types[type].get(view, offset)] as const] : [],
  );
  return Object.fromEntries(fields) as ValueOf<S>;
}
