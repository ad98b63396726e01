import { DatabaseSync } from "node:sqlite";

export interface Schema {
  /** Grows with each change of it. */
  readonly version: number;
  /** Makes what is not there yet. */
  readonly sql: string;
}

/**
 * A file in which state outlives the process: write-ahead log, synced at each commit.
 *
 * @throws Error when it is no database, or of a version newer than this program
 */
export function openDatabase(path: string, { version, sql }: Schema): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    // Others may be opening the same file: from the first statement on, each waits for its turn.
    db.exec("PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (found > version) throw new Error(`its schema is of version ${found}, newer than this program`);
    db.exec(`${sql}; PRAGMA user_version = ${version};`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Does all of it or nothing. @throws what `change` threw, or SQLite */
export function inTransaction(db: DatabaseSync, change: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    change();
    db.exec("COMMIT");
  } catch (error) {
    // After some errors SQLite has rolled back on its own.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
