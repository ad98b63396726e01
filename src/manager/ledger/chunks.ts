/** Pieces of at most so many bytes that are all of them in order; of nothing, none. */
export function chunksOf(bytes: Uint8Array, most: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / most) }, (_, n) => bytes.subarray(n * most, (n + 1) * most));
}

/** Texts one after the other, and where each ends. */
export interface Joined {
  readonly bytes: Uint8Array;
  /** Bytes of each, in UTF-8. */
  readonly lengths: readonly number[];
}

export function joinTexts(texts: readonly string[]): Joined {
  const each = texts.map((text) => Buffer.from(text));
  return { bytes: Buffer.concat(each), lengths: each.map(({ length }) => length) };
}

/** @returns undefined when the lengths are not of these bytes */
export function splitTexts({ bytes, lengths }: Joined): string[] | undefined {
  if (lengths.reduce((sum, length) => sum + length, 0) !== bytes.length) return undefined;
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return all.toString("utf8", at - length, at);
  });
}
