import type { Brand } from "../base/brand.ts";
import { PcgError } from "../base/error.ts";

/** An IPv4 address as the number it is, 0..2^32-1. Print with {@link formatIpv4}. */
export type Ipv4 = Brand<number, "Ipv4">;

const dotted = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** The address, or undefined. Strict: four decimal numbers, no leading zeros (RFC 6943 §3.1.1 on ambiguous forms). */
export function readIpv4(text: string): Ipv4 | undefined {
  const parts = dotted.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((p) => p > 255)) return undefined;
  return parts.reduce((n, p) => n * 256 + p, 0) as Ipv4;
}

/** The address. @throws NET_BAD_VALUE */
export function parseIpv4(text: string): Ipv4 {
  const address = readIpv4(text);
  if (address === undefined) throw new PcgError("NET_BAD_VALUE", { expected: "IPv4 address", value: text });
  return address;
}

/** Any number 0..2^32-1 as an address. @throws NET_BAD_VALUE */
export function Ipv4(n: number): Ipv4 {
  if (!Number.isInteger(n) || n < 0 || n > 0xffff_ffff)
    throw new PcgError("NET_BAD_VALUE", { expected: "32 bits", value: n });
  return n as Ipv4;
}

export const formatIpv4 = (a: Ipv4): string => [24, 16, 8, 0].map((s) => (a >>> s) & 0xff).join(".");

export const UNSPECIFIED = 0 as Ipv4;
export const LIMITED_BROADCAST = 0xffff_ffff as Ipv4;
