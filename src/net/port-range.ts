import { PcgError } from "../base/error.ts";

/** Transport ports, inclusive on both ends, 1..65535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `80` or `8000-8099`. */
export function readPortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 1 && first <= last && last <= 65_535 ? { first, last } : undefined;
}

/** @throws NET_BAD_VALUE */
export function parsePortRange(text: string): PortRange {
  const range = readPortRange(text);
  if (!range) throw new PcgError("NET_BAD_VALUE", { expected: "port or port-port", value: text });
  return range;
}

export const formatPortRange = ({ first, last }: PortRange): string =>
  first === last ? `${first}` : `${first}-${last}`;

export const portCount = ({ first, last }: PortRange): number => last - first + 1;
