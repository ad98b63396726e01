import { createHash, randomBytes } from "node:crypto";
import { PcgError } from "../../base/error.ts";
import type { Identity } from "../../lcp/identity.ts";
import type { Change, Documents, Writes } from "../state/documents.ts";

const TOKENS = "/enrolment/tokens/";
const GOOD_FOR_MS = 900_000;
/** So long after its end a token is still known, so that whoever comes with it hears why it is not good. */
const KEPT_MS = 86_400_000;

/** What a token begins with: without it one in 64 would look like an option on a command line. */
const MARK = "join_";

/** A token for one node to enrol with, once. The token itself is not kept, only what it can be recognized by. */
export interface TokenRecord {
  readonly node: Identity;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly madeBy: string;
  readonly used?: { readonly at: number; readonly from: string };
}

export interface NewToken {
  readonly node: Identity;
  readonly by: string;
  /** Default fifteen minutes. */
  readonly forMs?: number;
}

const keyOf = (token: string): string => TOKENS + createHash("sha256").update(token).digest("hex");

/** A token of 256 random bits, and what makes it good. Whoever has it is the node. */
export function newToken(
  { node, by, forMs = GOOD_FOR_MS }: NewToken,
  wallMs: number,
): { token: string; expiresAt: number; make: Change } {
  const token = MARK + randomBytes(32).toString("base64url");
  const record: TokenRecord = { node, expiresAt: wallMs + forMs, madeBy: by };
  const make: Change = (documents) => {
    const forgotten = all(documents).filter(([, { expiresAt }]) => expiresAt + KEPT_MS < wallMs);
    return new Map<string, unknown>([[keyOf(token), record], ...forgotten.map(([key]) => [key, undefined] as const)]);
  };
  return { token, expiresAt: record.expiresAt, make };
}

/** For whom a token is, if it is good. @throws MANAGER_DENIED */
export function nodeOf(documents: Documents, token: string, wallMs: number): Identity {
  const record = documents.get(keyOf(token)) as TokenRecord | undefined;
  if (!record) throw denied("is not known");
  if (record.used) throw denied(`was used at ${new Date(record.used.at).toISOString()}`);
  if (record.expiresAt <= wallMs) throw denied(`was good until ${new Date(record.expiresAt).toISOString()}`);
  return record.node;
}

/** What a token is when it is used up. @throws MANAGER_DENIED when it is not good any more */
export function usedUp(documents: Documents, token: string, from: string, wallMs: number): Writes {
  nodeOf(documents, token, wallMs);
  const record = documents.get(keyOf(token)) as TokenRecord;
  return new Map([[keyOf(token), { ...record, used: { at: wallMs, from } } satisfies TokenRecord]]);
}

/** The keys of all tokens made for a node. */
export const tokensOf = (documents: Documents, { role, id }: Identity): string[] =>
  all(documents).flatMap(([key, { node }]) => (node.role === role && node.id === id ? [key] : []));

const all = (documents: Documents) => [...documents.under(TOKENS)] as (readonly [string, TokenRecord])[];

const denied = (why: string) => new PcgError("MANAGER_DENIED", { field: "token", why });
