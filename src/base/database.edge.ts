import { DatabaseSync } from "node:sqlite";

export interface Schema {
  /** Grows with each change of it. */
  readonly version: number;
  /** Makes what is not there yet. */
  readonly sql: string;
}

/** SQLite's primary result codes that say that the file itself is no good: sqlite.org/rescode.html */
const DAMAGED = { SQLITE_CORRUPT: 11, SQLITE_NOTADB: 26 } as const;

/**
 * Whether an error says that a database's content is at fault. What a full disk, another process or missing rights cause
 * passes, and the content is as good as before.
 */
export function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  // Without a code of SQLite's: the content was read, and is not what it should be.
  return typeof code !== "number" || Object.values<number>(DAMAGED).includes(code & 0xff);
}

/**
 * A file in which state outlives the process: write-ahead log, synced at each commit. One that this process has alone
 * needs no file of shared memory, and so opens on a full disk as well.
 *
 * @throws Error when it is no database, or of a version newer than this program
 */
export function openDatabase(path: string, { version, sql }: Schema, { alone = false } = {}): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    // Others may be opening the same file: from the first statement on, each waits for its turn.
    db.exec(`PRAGMA busy_timeout = 2000; PRAGMA locking_mode = ${alone ? "EXCLUSIVE" : "NORMAL"};`);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (found > version) throw new Error(`its schema is of version ${found}, newer than this program`);
    if (found < version) db.exec(`${sql}; PRAGMA user_version = ${version};`);
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
