import { createHash } from "node:crypto";
import { markText } from "../../model/nft/field.ts";

/**
 * Gives each rule the number its connections carry as conntrack mark, 1..2^31-1: a digest of the id, so that a rule
 * keeps its number whatever happens to others; two ids that collide are told apart in order of name.
 */
export function numberRules(ids: Iterable<string>): Map<string, number> {
  const taken = new Set<number>();
  const numbers = new Map<string, number>();
  for (const id of [...new Set(ids)].toSorted()) {
    let n = createHash("sha256").update(id).digest().readUInt32BE(0) & 0x7fff_ffff;
    while (n === 0 || taken.has(n)) n = (n + 1) & 0x7fff_ffff;
    taken.add(n);
    numbers.set(id, n);
  }
  return numbers;
}

/** Counts one direction of a translation's connections; `original` is that of their first packet. */
export const natCounterKey = (direction: "original" | "reply", n: number): string => `${direction} . ${markText(n)}`;
