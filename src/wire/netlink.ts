import { PcgError } from "../base/error.ts";

/** Attributes of netlink messages (RFC 3549 §2.3.3): host order, which is little-endian on every machine we run on. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

const NLA_F_NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const HEADER_BYTES = 4;

const padded = (length: number) => Math.ceil(length / 4) * 4;

/** Length, type, value, padded to four bytes. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const all = new Uint8Array(HEADER_BYTES + padded(value.length));
  const view = new DataView(all.buffer);
  view.setUint16(0, HEADER_BYTES + value.length, true);
  view.setUint16(2, type, true);
  all.set(value, HEADER_BYTES);
  return all;
}

export const nested = (type: number, ...inner: readonly Uint8Array[]): Uint8Array =>
  attribute(type | NLA_F_NESTED, concat(inner));

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The attributes in `bytes`, in their order. @throws WIRE_TRUNCATED, WIRE_MALFORMED */
export function* attributesOf(bytes: Uint8Array): Generator<Attribute> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < HEADER_BYTES) throw new PcgError("WIRE_MALFORMED", { attribute: at, length });
    if (at + length > bytes.length) throw new PcgError("WIRE_TRUNCATED", { attribute: at, length });
    yield { type: view.getUint16(at + 2, true) & TYPE_MASK, value: bytes.subarray(at + HEADER_BYTES, at + length) };
    at += padded(length);
  }
}

/** A message's type, flags and what follows its header (struct nlmsghdr). */
export interface NetlinkMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

const MESSAGE_HEADER_BYTES = 16;

export function netlinkMessage(type: number, flags: number, payload: Uint8Array): Uint8Array {
  const all = new Uint8Array(MESSAGE_HEADER_BYTES + padded(payload.length));
  const view = new DataView(all.buffer);
  view.setUint32(0, MESSAGE_HEADER_BYTES + payload.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  all.set(payload, MESSAGE_HEADER_BYTES);
  return all;
}

/** The messages of one datagram. @throws WIRE_TRUNCATED, WIRE_MALFORMED */
export function* messagesOf(bytes: Uint8Array): Generator<NetlinkMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + MESSAGE_HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < MESSAGE_HEADER_BYTES) throw new PcgError("WIRE_MALFORMED", { message: at, length });
    if (at + length > bytes.length) throw new PcgError("WIRE_TRUNCATED", { message: at, length });
    const payload = bytes.subarray(at + MESSAGE_HEADER_BYTES, at + length);
    yield { type: view.getUint16(at + 4, true), payload };
    at += padded(length);
  }
}
