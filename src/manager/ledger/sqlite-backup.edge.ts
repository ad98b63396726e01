import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PcgError } from "../../base/error.ts";
import { orStoreError } from "./sqlite-store.edge.ts";

/**
 * Copies a store, as it is at one moment, while managers write to it or not. A file that was there is replaced when the
 * copy is whole and on disk. @throws MANAGER_STORE
 */
export function backUpSqlite(path: string, to: string): void {
  orStoreError({ path, to }, () => {
    if (!existsSync(path)) throw new PcgError("MANAGER_STORE", { path, why: "there is no such file" });
    const making = `${to}.new`;
    rmSync(making, { force: true });
    // It holds keys, so only its owner may read it; SQLite takes an empty file for none.
    closeSync(openSync(making, "wx", 0o600));
    const db = new DatabaseSync(path);
    try {
      // Unlike SQLite's page by page backup it does not begin anew each time somebody writes.
      db.prepare("VACUUM INTO ?").run(making);
    } finally {
      db.close();
    }
    sync(making);
    renameSync(making, to);
    sync(dirname(to));
  });
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
