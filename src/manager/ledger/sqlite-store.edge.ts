import { chmodSync, closeSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../base/database.edge.ts";
import { messageOf, PcgError } from "../../base/error.ts";

const schema = {
  version: 1,
  sql: `
  CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER NOT NULL PRIMARY KEY,
    mark TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS snapshot (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    seq INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS snapshot_part (
    n INTEGER NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS lease (
    name TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
};

/** The manager's database file. It holds keys, so only its owner may read it. @throws MANAGER_STORE */
export function openSqliteStore(path: string): DatabaseSync {
  return orStoreError({ path }, () => {
    // SQLite gives its log the mode that the database has.
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
    return openDatabase(path, schema);
  });
}

/** @throws MANAGER_STORE for whatever else is thrown */
export function orStoreError<T>(detail: Record<string, unknown>, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PcgError) throw error;
    throw new PcgError("MANAGER_STORE", { ...detail, why: messageOf(error) }, error);
  }
}
