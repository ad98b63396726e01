import { createHash } from "node:crypto";
import { CONNECTION_IS_OURS } from "../../model/connection.ts";
import { markText } from "../../model/nft/field.ts";

/** A translation and all that it says, as text: another target is another text. */
export interface Numbered {
  readonly id: string;
  readonly says: string;
}

const MASK = CONNECTION_IS_OURS - 1;

/**
 * Gives each translation the number its connections carry as conntrack mark: a digest of its id and of what it says, so
 * that it keeps its number whatever happens to others, and has another one as soon as it says anything else. So a
 * connection whose number no translation has is one that no translation makes any more. Two that collide are told apart
 * in order of name.
 */
export function numberRules(rules: Iterable<Numbered>): Map<string, number> {
  const taken = new Set<number>();
  const numbers = new Map<string, number>();
  const byId = new Map([...rules].map((rule) => [rule.id, rule]));
  for (const { id, says } of [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    let n =
      createHash("sha256")
        .update(JSON.stringify([id, says]))
        .digest()
        .readUInt32BE(0) & MASK;
    while (n === 0 || taken.has(n)) n = (n + 1) & MASK;
    taken.add(n);
    numbers.set(id, n | CONNECTION_IS_OURS);
  }
  return numbers;
}

/** Counts one direction of a translation's connections; `original` is that of their first packet. */
export const natCounterKey = (direction: "original" | "reply", n: number): string => `${direction} . ${markText(n)}`;
