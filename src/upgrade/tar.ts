import { PcgError } from "../base/error.ts";
import type { ByteSource } from "./byte-source.ts";

/**
 * The little of POSIX.1-1988 tar ("ustar") that a bundle needs: regular files, in one written form. A header has no
 * second way to say the same, so that every byte of it is checked.
 *
 *     name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | sum 8 | type 1 | link 100 | magic 6 | version 2 | … 247
 */
const BLOCK = 512;

export interface Entry {
  readonly name: string;
  readonly bytes: number;
}

const refuse = (detail: Record<string, unknown>) => new PcgError("UPGRADE_BAD_BUNDLE", detail);

export function tarHeader({ name, bytes }: Entry): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0" + "0000000\0" + "0000000\0", 100, "latin1");
  header.write(`${octal(bytes, 11)}\0${octal(0, 11)}\0`, 124, "latin1");
  header.write("        0", 148, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return header;
}

const octal = (n: number, digits: number) => n.toString(8).padStart(digits, "0");

export const tarPadding = (bytes: number): Uint8Array => new Uint8Array((BLOCK - (bytes % BLOCK)) % BLOCK);

export const TAR_END = new Uint8Array(2 * BLOCK);

/** Whatever is not to the last bit as {@link tarHeader} would write it is refused. @throws UPGRADE_BAD_BUNDLE */
function readTarHeader(header: Uint8Array, expected: string): Entry {
  if (header.length !== BLOCK) throw refuse({ field: expected, why: "the bundle ends before it" });
  const text = Buffer.from(header).toString("latin1");
  const name = text.slice(0, 100).replace(/\0+$/, "");
  if (name !== expected)
    throw refuse({ field: expected, value: name.slice(0, 40), why: "another file is in its place" });
  const size = text.slice(124, 135);
  if (!/^[0-7]{11}$/.test(size)) throw refuse({ field: `${name} size`, value: size, why: "is no octal number" });
  const entry = { name, bytes: Number.parseInt(size, 8) };
  if (Buffer.compare(header, tarHeader(entry)) !== 0)
    throw refuse({ field: `${name} header`, why: "is not as pack writes it" });
  return entry;
}

/** The padding behind a file. @throws UPGRADE_BAD_BUNDLE */
export async function skipTarPadding(source: ByteSource, { name, bytes }: Entry): Promise<void> {
  await takeZeros(source, tarPadding(bytes).length, `${name} padding`);
}

/** @throws UPGRADE_BAD_BUNDLE unless the archive ends here, and the stream with it */
export async function readTarEnd(source: ByteSource): Promise<void> {
  await takeZeros(source, TAR_END.length, "end");
  if ((await source.take(1)).length > 0) throw refuse({ field: "end", why: "more follows" });
}

export const takeTarHeader = async (source: ByteSource, expected: string): Promise<Entry> =>
  readTarHeader(await source.take(BLOCK), expected);

async function takeZeros(source: ByteSource, bytes: number, field: string): Promise<void> {
  const zeros = await source.take(bytes);
  if (zeros.length < bytes) throw refuse({ field, why: "the bundle ends before it" });
  if (zeros.some((byte) => byte !== 0)) throw refuse({ field, why: "is not zero" });
}
