import { type Position, START } from "../../lcp/position.ts";
import type { Resource } from "../../lcp/resource.ts";
import type { Delta } from "./runtime.ts";

/** One change, as a ledger keeps it: what was written, and what followed from it for gateways. */
export interface Recorded {
  readonly at: Position;
  /** Milliseconds since 1970. */
  readonly wall: number;
  readonly by: string;
  /** Null: removed. */
  readonly writes: readonly (readonly [key: string, value: unknown])[];
  readonly runtime: readonly Delta[];
}

export const textOfEntry = (recorded: Recorded): string => JSON.stringify(recorded);

/** Only what this program wrote is in a ledger. */
export const readEntry = (text: string): Recorded => JSON.parse(text) as Recorded;

/** Everything that was true at a position. */
export interface Picture {
  readonly at: Position;
  readonly documents: Iterable<readonly [key: string, value: unknown]>;
  readonly runtime: Iterable<readonly [tier0: string, Resource]>;
}

const PART = 256 * 1024;

/** In texts of 256 KiB, or of one thing where that is larger. */
export function textsOf({ at, documents, runtime }: Picture): string[] {
  const parts: string[] = [];
  let lines: string[] = [JSON.stringify({ at })];
  let size = 0;
  const add = (row: unknown) => {
    const line = JSON.stringify(row);
    if (size + line.length > PART) {
      parts.push(lines.join("\n"));
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length;
  };
  for (const document of documents) add({ document });
  for (const resource of runtime) add({ resource });
  parts.push(lines.join("\n"));
  return parts;
}

interface Row {
  readonly at?: Position;
  readonly document?: readonly [string, unknown];
  readonly resource?: readonly [string, Resource];
}

export function readPicture(parts: readonly string[]) {
  const rows = parts.flatMap((part) => part.split("\n").map((line) => JSON.parse(line) as Row));
  return {
    at: rows[0]?.at ?? START,
    documents: rows.flatMap(({ document }) => (document ? [document] : [])),
    runtime: rows.flatMap(({ resource }) => (resource ? [resource] : [])),
  };
}
