import { type Position, START } from "../../lcp/position.ts";
import type { Entry } from "../ledger/ledger.ts";
import type { Since } from "./backlog.ts";
import { DocumentTable } from "./document-table.ts";
import type { Writes } from "./documents.ts";
import { type Recorded, readEntry, readPicture } from "./entry-text.ts";
import { RuntimeTables } from "./runtime.ts";

/** What a ledger said when it was loaded. */
export interface Reading {
  readonly at: Position;
  readonly seq: number;
  readonly documents: DocumentTable;
  readonly runtime: RuntimeTables;
  /** What came after its snapshot. */
  readonly since: Since;
}

/** @param seq the snapshot's; 0: there is none */
export function readingOf(seq: number, parts: readonly string[], entries: readonly Entry[]): Reading {
  const picture = readPicture(parts.length > 0 ? parts : [JSON.stringify({ at: START })]);
  const documents = new DocumentTable(picture.documents);
  const runtime = new RuntimeTables();
  for (const [tier0, resource] of picture.runtime) runtime.put(tier0, resource);
  let { at } = picture;
  let bytes = 0;
  for (const { text } of entries) {
    const recorded = readEntry(text);
    documents.apply(writesOf(recorded));
    for (const delta of recorded.runtime) runtime.apply(delta, recorded.at);
    at = recorded.at;
    bytes += text.length;
  }
  return {
    ...{ at, documents, runtime },
    seq: entries.at(-1)?.seq ?? seq,
    since: { entries: entries.length, bytes },
  };
}

export const writesOf = ({ writes }: Recorded): Writes =>
  new Map(writes.map(([key, value]) => [key, value ?? undefined]));
