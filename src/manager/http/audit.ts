import { createHash } from "node:crypto";
import Type from "typebox";

/** What happened. */
export const AuditFact = Type.Object(
  {
    time: Type.String({ description: "When, in UTC.", examples: ["2025-03-01T12:00:00.000Z"] }),
    who: Type.Union([Type.String(), Type.Null()], { description: "The token's name; null: it is not known." }),
    role: Type.Union([Type.String(), Type.Null()], { description: "What that token may do." }),
    from: Type.String({ description: "The address it came from." }),
    method: Type.String(),
    path: Type.String(),
    status: Type.Integer({ description: "What was answered; 0: nothing was asked, the log itself says something." }),
    code: Type.Union([Type.String(), Type.Null()], { description: "What was wrong; null: nothing." }),
    reference: Type.String({ description: "By which the manager's log may have more about it." }),
  },
  { description: "One change, or attempt at one." },
);
export type AuditFact = Type.Static<typeof AuditFact>;

/** A fact in its place. */
export const AuditEntry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, description: "Each is one more than the one before." }),
    ...AuditFact.properties,
    previous: Type.String({ description: "The hash of the entry before; of the first: 64 zeros." }),
    hash: Type.String({ description: "SHA-256, in hex, of the entry's JSON without this field." }),
  },
  { description: "A change or an attempt, and the hash that chains it to all before it." },
);
export type AuditEntry = Type.Static<typeof AuditEntry>;

/** What an entry follows. */
export type Link = Pick<AuditEntry, "seq" | "hash">;

/** What the first entry follows. */
export const BEGINNING: Link = { seq: 0, hash: "0".repeat(64) };

/** The entry of a fact: whoever changes one that was written has to change all that follow. */
export function chained(after: Link, fact: AuditFact): AuditEntry {
  const { time, who, role, from, method, path, status, code, reference } = fact;
  const { seq, hash: previous } = after;
  const entry = { seq: seq + 1, time, who, role, from, method, path, status, code, reference, previous };
  return { ...entry, hash: hashOf(entry) };
}

/** Over the fields in the order they are written in. */
const hashOf = (entry: Omit<AuditEntry, "hash">): string =>
  createHash("sha256").update(JSON.stringify(entry)).digest("hex");

/**
 * Where a chain breaks: the first entry that is not what was written, or does not follow the one before it.
 *
 * @param entries in order; the first may have others before it that are gone
 */
export function breakIn(entries: Iterable<AuditEntry>): { readonly seq: number; readonly why: string } | undefined {
  let last: Link | undefined;
  for (const entry of entries) {
    const { hash, ...rest } = entry;
    if (hashOf(rest) !== hash) return { seq: entry.seq, why: "is not what was written" };
    const follows = !last || (entry.seq === last.seq + 1 && entry.previous === last.hash);
    if (!follows) return { seq: entry.seq, why: "does not follow the one before it" };
    last = entry;
  }
  return undefined;
}

/** Where entries are kept. */
export interface AuditLog {
  /** Durable when it resolves. @throws MANAGER_STORE */
  append(fact: AuditFact): Promise<void>;
  /** The newest first. @param before only those with a smaller number @throws MANAGER_STORE */
  read(range: { readonly before?: number; readonly most: number }): Promise<readonly AuditEntry[]>;
}
