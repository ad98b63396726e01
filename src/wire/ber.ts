import { PcgError } from "../base/error.ts";

/**
 * One element of BER (ITU-T X.690 §8), of which DER is a part: its tag's byte, what is in it, and all of it as it came.
 * Tags above 30 are not read: nothing here has them.
 */
export interface Ber {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
  /** Whether it says its length; DER always does. */
  readonly definite: boolean;
}

/** Nobody nests deeper than this who means well. */
const DEEPEST = 24;
const CONSTRUCTED = 0x20;
const OCTET_STRING = 0x04;

/** @throws WIRE_TRUNCATED, WIRE_MALFORMED; also when something follows it */
export function readBer(bytes: Uint8Array): Ber {
  const element = elementAt(bytes, DEEPEST);
  if (element.whole.length !== bytes.length) throw malformed("something follows");
  return element;
}

/** What is in a constructed element, in order. @throws WIRE_TRUNCATED, WIRE_MALFORMED */
export function partsOf({ tag, content }: Ber): Ber[] {
  if ((tag & CONSTRUCTED) === 0) throw malformed("is primitive");
  const parts: Ber[] = [];
  for (let at = 0; at < content.length; ) {
    const part = elementAt(content.subarray(at), DEEPEST);
    parts.push(part);
    at += part.whole.length;
  }
  return parts;
}

/** The bytes of an OCTET STRING, which may come in pieces (§8.7.3). @throws WIRE_TRUNCATED, WIRE_MALFORMED */
export function octetsOf(element: Ber): Uint8Array {
  if (element.tag === OCTET_STRING) return element.content;
  if (element.tag !== (OCTET_STRING | CONSTRUCTED)) throw malformed("is no OCTET STRING");
  return Buffer.concat(
    partsOf(element).map((part) => {
      if (part.tag !== OCTET_STRING) throw malformed("is no piece of an OCTET STRING");
      return part.content;
    }),
  );
}

function elementAt(bytes: Uint8Array, depth: number): Ber {
  if (depth === 0) throw malformed("is nested too deep");
  const tag = byteAt(bytes, 0);
  if ((tag & 0x1f) === 0x1f) throw malformed("has a long tag");
  const first = byteAt(bytes, 1);
  if (first === 0x80) return indefinite(bytes, tag, depth);
  const more = first > 0x80 ? first - 0x80 : 0;
  if (more > 4) throw malformed("has a long length");
  let length = more === 0 ? first : 0;
  for (let i = 0; i < more; i++) length = length * 256 + byteAt(bytes, 2 + i);
  const start = 2 + more;
  if (bytes.length - start < length) throw new PcgError("WIRE_TRUNCATED", { header: "ber", at: start, length });
  const end = start + length;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end), definite: true };
}

/** It goes on until two bytes of zero stand where an element would (§8.1.5). */
function indefinite(bytes: Uint8Array, tag: number, depth: number): Ber {
  if ((tag & CONSTRUCTED) === 0) throw malformed("is primitive and has no length");
  let at = 2;
  while (byteAt(bytes, at) !== 0 || byteAt(bytes, at + 1) !== 0)
    at += elementAt(bytes.subarray(at), depth - 1).whole.length;
  return { tag, content: bytes.subarray(2, at), whole: bytes.subarray(0, at + 2), definite: false };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new PcgError("WIRE_TRUNCATED", { header: "ber", at });
  return byte;
}

const malformed = (why: string) => new PcgError("WIRE_MALFORMED", { header: "ber", why });
