import { directions, protocolNames, protocols } from "./field.ts";

const octet = "(?:0|[1-9]\\d{0,2})";
const dotted = `${octet}(?:\\.${octet}){3}`;
/** One part of a key or value, by the only ways its type is written. */
const atoms = {
  ipv4_addr: `${dotted}(?:/\\d{1,2}|-${dotted})?`,
  inet_service: "\\d{1,5}(?:-\\d{1,5})?",
  inet_proto: `(?:${protocolNames.join("|")})`,
  mark: "0x[0-9a-f]{8}",
  ct_dir: `(?:${directions.join("|")})`,
  ifname: '"[A-Za-z0-9_.-]{1,15}"',
} as const;

const atom = `(?:${Object.values(atoms).join("|")})`;
/** A whole key or value of an element: atoms joined as in a concatenation, and nothing else. */
export const ELEMENT_PATTERN = `^${atom}(?: \\. ${atom}){0,4}$`;

const numbers = new Map<string, string>([
  ...Object.entries(protocols).map(([name, n]) => [name, `${n}`] as const),
  ...directions.map((name, n) => [name, `${n}`] as const),
]);
const word = /[a-z]{2,}/;

/**
 * The key or value as nft takes it. Words go as numbers: where a set is of another type than its element, nft would
 * take a word for a host's name and ask the resolver, waiting for it.
 */
export function elementText(text: string): string {
  if (!word.test(text)) return text;
  return text
    .split(" . ")
    .map((part) => numbers.get(part) ?? part)
    .join(" . ");
}
