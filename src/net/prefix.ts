import { PcgError } from "../base/error.ts";
import { formatIpv4, type Ipv4, readIpv4 } from "./ipv4.ts";

/** An IPv4 network: all host bits of `address` are zero. */
export interface Prefix {
  readonly address: Ipv4;
  readonly length: number;
}

/** An interface's address with the length of its network, such as 192.168.100.1/24. */
export interface InterfaceAddress {
  readonly address: Ipv4;
  readonly length: number;
}

/** Inclusive on both ends. */
export interface AddressRange {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export function readInterfaceAddress(text: string): InterfaceAddress | undefined {
  const [host, bits, ...rest] = text.split("/");
  const address = readIpv4(host ?? "");
  if (address === undefined || rest.length > 0 || !/^(\d|[12]\d|3[0-2])$/.test(bits ?? "")) return undefined;
  return { address, length: Number(bits) };
}

/** A network in CIDR form; a bare address is a /32. Host bits must be zero. */
export function readPrefix(text: string): Prefix | undefined {
  const whole = readInterfaceAddress(text.includes("/") ? text : `${text}/32`);
  return whole && networkOf(whole).address === whole.address ? whole : undefined;
}

/** @throws NET_BAD_VALUE */
export function parsePrefix(text: string): Prefix {
  const prefix = readPrefix(text);
  if (!prefix) throw new PcgError("NET_BAD_VALUE", { expected: "IPv4 prefix", value: text });
  return prefix;
}

/** @throws NET_BAD_VALUE */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const address = readInterfaceAddress(text);
  if (!address) throw new PcgError("NET_BAD_VALUE", { expected: "IPv4 address/length", value: text });
  return address;
}

export const formatPrefix = ({ address, length }: Prefix): string => `${formatIpv4(address)}/${length}`;

const sizeOf = (length: number) => 2 ** (32 - length);

export function networkOf({ address, length }: InterfaceAddress): Prefix {
  return { address: (address - (address % sizeOf(length))) as Ipv4, length };
}

export const netmaskOf = ({ length }: Prefix): Ipv4 => (2 ** 32 - sizeOf(length)) as Ipv4;

export const broadcastOf = (p: InterfaceAddress): Ipv4 => (networkOf(p).address + sizeOf(p.length) - 1) as Ipv4;

/** The first address after the network's own: where AWS puts the subnet's router. */
export const firstHostOf = (p: InterfaceAddress): Ipv4 => (networkOf(p).address + 1) as Ipv4;

export const contains = (p: Prefix, a: Ipv4): boolean => a >= p.address && a <= broadcastOf(p);

export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b.address) || contains(b, a.address);

export const rangeOf = (p: Prefix): AddressRange => ({ first: p.address, last: broadcastOf(p) });
