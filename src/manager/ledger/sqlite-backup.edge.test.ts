import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../base/system-clock.edge.ts";
import { openLedger, type Store } from "./open-ledger.edge.ts";
import { backUpSqlite } from "./sqlite-backup.edge.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backup-"));
  store = openLedger(join(folder, "manager.db"), { clock: systemClock, log });
});
afterEach(async () => {
  await store.ledger.close();
  rmSync(folder, { recursive: true });
});

test("backUpSqlite copies a store that is written to, for its owner alone, and takes the place of an older copy", async () => {
  const copy = join(folder, "copy.db");
  for (const seq of [1, 2, 3]) {
    await store.ledger.append({ seq, text: `entry ${seq}` });
    backUpSqlite(join(folder, "manager.db"), copy);
  }
  await store.ledger.append({ seq: 4, text: "entry 4" });
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).filter((name) => name.startsWith("copy"))).toEqual(["copy.db"]);
  const { ledger } = openLedger(copy, { clock: systemClock, log });
  expect((await ledger.load()).entries.map(({ text }) => text)).toEqual(["entry 1", "entry 2", "entry 3"]);
  expect(await ledger.append({ seq: 4, text: "another" })).toBe(true);
  await ledger.close();
});

test("backUpSqlite makes no store where there is none, and leaves the copy that was there", async () => {
  const copy = join(folder, "copy.db");
  backUpSqlite(join(folder, "manager.db"), copy);
  expect(() => backUpSqlite(join(folder, "other.db"), copy)).toThrow("there is no such file");
  expect(() => backUpSqlite(join(folder, "manager.db"), join(folder, "none", "copy.db"))).toThrow("MANAGER_STORE");
  expect(readdirSync(folder).filter((name) => /other|\.new/.test(name))).toEqual([]);
  expect(statSync(copy).size).toBeGreaterThan(0);
});
