import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction, openDatabase } from "../base/database.edge.ts";
import { messageOf, PcgError } from "../base/error.ts";
import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import type { Lease, LeaseState, LeaseStore } from "./lease.ts";

const schema = {
  version: 1,
  sql: `
  CREATE TABLE IF NOT EXISTS lease (
    segment TEXT NOT NULL,
    ip INTEGER NOT NULL,
    mac TEXT NOT NULL,
    client_id TEXT,
    hostname TEXT,
    start INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (segment, ip)
  ) STRICT, WITHOUT ROWID`,
};

/** Leases put since the last commit, and who waits for them. */
interface Batch {
  readonly leases: Lease[];
  readonly durable: PromiseWithResolvers<void>;
}

/** A commit is put off for so many times as long as the last one took: the disk gets a fifth of the time at most. */
const REST = 4;
/** And for this long at most. */
const LONGEST_WAIT_MS = 25;

/**
 * Leases in SQLite: write-ahead log, synced at each commit.
 * A commit blocks the process while the disk is synced, so there must be few of them when there is much to do: one takes
 * in all that is put until it comes, and a slow disk makes them rarer and larger. A lone lease is committed at once.
 */
export class SqliteLeaseStore implements LeaseStore {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  #batch: Batch | undefined;
  #lastTookMs = 0;
  #lastEnded = 0;

  /** @throws LEASE_STORE */
  constructor(path: string) {
    try {
      this.#db = openDatabase(path, schema, { alone: true });
      this.#insert = this.#db.prepare("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    } catch (error) {
      throw asStoreError(error, { path });
    }
  }

  load(): Lease[] {
    try {
      const rows = this.#db.prepare("SELECT * FROM lease").all();
      return rows.map((row) => ({
        segment: String(row["segment"]),
        ip: Number(row["ip"]) as Ipv4,
        mac: String(row["mac"]) as Mac,
        clientId: textOf(row["client_id"]),
        hostname: textOf(row["hostname"]),
        start: Number(row["start"]),
        expires: Number(row["expires"]),
        state: String(row["state"]) as LeaseState,
      }));
    } catch (error) {
      throw asStoreError(error, { step: "load" });
    }
  }

  put(leases: readonly Lease[]): Promise<void> {
    if (!this.#batch) {
      this.#batch = { leases: [], durable: Promise.withResolvers() };
      this.#commitSoon();
    }
    this.#batch.leases.push(...leases);
    return this.#batch.durable.promise;
  }

  /** Commits what is waiting, and lets go of the file. */
  close(): void {
    this.#commit();
    this.#db.close();
  }

  #commitSoon(): void {
    const commit = () => this.#commit();
    const wait = this.#lastEnded + Math.min(this.#lastTookMs * REST, LONGEST_WAIT_MS) - performance.now();
    if (wait < 1) setImmediate(commit);
    else setTimeout(commit, wait);
  }

  #commit(): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#batch = undefined;
    const began = performance.now();
    try {
      this.#write(batch.leases);
      batch.durable.resolve();
    } catch (error) {
      batch.durable.reject(asStoreError(error, { step: "commit", leases: batch.leases.length }));
    }
    this.#lastEnded = performance.now();
    this.#lastTookMs = this.#lastEnded - began;
  }

  #write(leases: readonly Lease[]): void {
    inTransaction(this.#db, () => {
      for (const { segment, ip, mac, clientId, hostname, start, expires, state } of leases)
        this.#insert.run(segment, ip, mac, clientId ?? null, hostname ?? null, start, expires, state);
    });
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const asStoreError = (error: unknown, detail: Record<string, unknown>): PcgError =>
  error instanceof PcgError ? error : new PcgError("LEASE_STORE", { ...detail, why: messageOf(error) }, error);
