import { randomUUID } from "node:crypto";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import { inTransaction } from "../../base/database.edge.ts";
import { PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { Following, type Marked } from "./following.ts";
import type { Entry, Ledger, LedgerEvents, Snapshot } from "./ledger.ts";
import { orStoreError } from "./sqlite-store.edge.ts";

/** How often a reader looks for what other processes wrote. */
const LOOK_MS = 500;
const PAGE = 64;

/**
 * A ledger in SQLite: each entry is synced to disk before it counts. Other processes may use the same file. An append
 * blocks the process while the disk is synced. A backup is put back by SQLite's own means, which write into the file, or
 * while no process has it open: one that is moved into its place is not noticed.
 */
export class SqliteLedger implements Ledger {
  readonly #db: DatabaseSync;
  readonly #parts: { readonly clock: Clock; readonly log: Log };
  readonly #followings = new Set<Following>();
  #closed = false;

  constructor(db: DatabaseSync, parts: { readonly clock: Clock; readonly log: Log }) {
    this.#db = db;
    this.#parts = parts;
  }

  async load() {
    return orStoreError({ step: "load" }, () => {
      let loaded: { snapshot: Snapshot | null; entries: Entry[] } = { snapshot: null, entries: [] };
      inTransaction(this.#db, () => {
        const snapshot = this.#snapshot();
        const rows = this.#db.prepare("SELECT * FROM entry WHERE seq > ? ORDER BY seq").all(snapshot?.seq ?? 0);
        loaded = { snapshot, entries: rows.map(entryOf).map(({ seq, text }) => ({ seq, text })) };
      });
      return loaded;
    });
  }

  async newest(): Promise<number> {
    return orStoreError({ step: "newest" }, () => this.#last());
  }

  async append({ seq, text }: Entry): Promise<boolean> {
    const mark = randomUUID();
    const done = orStoreError({ step: "append", seq }, () => {
      let done = false;
      inTransaction(this.#db, () => {
        const last = this.#last();
        if (seq > last + 1) throw new PcgError("MANAGER_STORE", { seq, last, why: "an entry that follows nothing" });
        if (seq <= last) return;
        this.#db.prepare("INSERT INTO entry VALUES (?, ?, ?)").run(seq, mark, text);
        done = true;
      });
      return done;
    });
    for (const following of this.#followings) {
      if (done) following.hear({ seq, text, mark });
      else void following.look();
    }
    return done;
  }

  follow(seq: number, events: LedgerEvents): () => void {
    const read = async (from: number) =>
      orStoreError({ step: "follow", seq: from }, () =>
        this.#db.prepare("SELECT * FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?").all(from, PAGE).map(entryOf),
      );
    const following = new Following({ ...this.#parts, read, everyMs: LOOK_MS }, seq, events);
    this.#followings.add(following);
    return () => {
      following.stop();
      this.#followings.delete(following);
    };
  }

  async compact({ seq, parts }: Snapshot): Promise<void> {
    orStoreError({ step: "compact", seq }, () =>
      inTransaction(this.#db, () => {
        if (seq <= this.#snapshotSeq()) return;
        if (seq > this.#last()) throw new PcgError("MANAGER_STORE", { seq, why: "a snapshot of no entry" });
        this.#db.prepare("INSERT OR REPLACE INTO snapshot VALUES (1, ?)").run(seq);
        this.#db.exec("DELETE FROM snapshot_part");
        const put = this.#db.prepare("INSERT INTO snapshot_part VALUES (?, ?)");
        for (const [n, text] of parts.entries()) put.run(n, text);
        // Its own entry stays: by its mark a reader sees whether the store was put back.
        this.#db.prepare("DELETE FROM entry WHERE seq < ?").run(seq);
      }),
    );
  }

  async close(): Promise<void> {
    for (const following of this.#followings) following.stop();
    if (!this.#closed) this.#db.close();
    this.#closed = true;
  }

  #last(): number {
    return numberIn(this.#db.prepare("SELECT max(seq) AS n FROM entry").get());
  }

  #snapshotSeq(): number {
    return numberIn(this.#db.prepare("SELECT seq AS n FROM snapshot").get());
  }

  #snapshot(): Snapshot | null {
    const seq = this.#snapshotSeq();
    if (seq === 0) return null;
    const rows = this.#db.prepare("SELECT text FROM snapshot_part ORDER BY n").all();
    return { seq, parts: rows.map((row) => String(row["text"])) };
  }
}

type Row = Record<string, SQLOutputValue>;

const numberIn = (row: Row | undefined) => Number(row?.["n"] ?? 0);

const entryOf = (row: Row): Marked => ({
  seq: Number(row["seq"]),
  mark: String(row["mark"]),
  text: String(row["text"]),
});
