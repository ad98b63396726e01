import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction, openDatabase } from "../base/database.edge.ts";
import { messageOf, PcgError } from "../base/error.ts";
import type { HeldStore } from "./follower.ts";
import type { Position } from "./position.ts";
import { idOf, type Resource, type ResourceId, type ResourceType } from "./resource.ts";
import { type Commit, type Held, NOTHING_HELD } from "./subscription.ts";

const schema = {
  version: 1,
  sql: `
  CREATE TABLE IF NOT EXISTS resource (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS source (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    instance TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT`,
};

/** What a node was told, in SQLite. A commit blocks the process while the disk is synced. */
export class SqliteHeldStore implements HeldStore {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #move: StatementSync;

  /** @throws LCP_STORE */
  constructor(path: string) {
    try {
      this.#db = openDatabase(path, schema, { alone: true });
      this.#put = this.#db.prepare("INSERT OR REPLACE INTO resource VALUES (?, ?, ?)");
      this.#drop = this.#db.prepare("DELETE FROM resource WHERE id = ?");
      this.#move = this.#db.prepare("INSERT OR REPLACE INTO source VALUES (1, ?, ?)");
    } catch (error) {
      throw asStoreError(error, { path });
    }
  }

  load(): Held {
    try {
      const source = this.#db.prepare("SELECT instance, at FROM source").get();
      if (!source) return NOTHING_HELD;
      const rows = this.#db.prepare("SELECT id, version, body FROM resource").all();
      const resources = rows.map((row) => resourceOf(row as unknown as Row));
      return {
        instance: String(source["instance"]),
        at: Number(source["at"]) as Position,
        resources: new Map(resources.map((resource) => [idOf(resource), resource])),
      };
    } catch (error) {
      throw asStoreError(error, { step: "load" });
    }
  }

  commit({ instance, at, upserts, deletes }: Commit): void {
    try {
      inTransaction(this.#db, () => {
        for (const id of deletes) this.#drop.run(id);
        for (const one of upserts) this.#put.run(idOf(one), one.version, JSON.stringify(one.body));
        this.#move.run(instance, at);
      });
    } catch (error) {
      throw asStoreError(error, { step: "commit", upserts: upserts.length, deletes: deletes.length });
    }
  }

  close(): void {
    this.#db.close();
  }
}

interface Row {
  readonly id: ResourceId;
  readonly version: number;
  readonly body: string;
}

function resourceOf({ id, version, body }: Row): Resource {
  const slash = id.indexOf("/");
  return {
    type: id.slice(0, slash) as ResourceType,
    key: id.slice(slash + 1),
    version: version as Position,
    body: JSON.parse(body),
  };
}

const asStoreError = (error: unknown, detail: Record<string, unknown>): PcgError =>
  new PcgError("LCP_STORE", { ...detail, why: messageOf(error) }, error);
