import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import { inTransaction } from "../../base/database.edge.ts";
import type { Lease, Leases } from "./leases.ts";
import { orStoreError } from "./sqlite-store.edge.ts";
import type { StoreHealth } from "./store-health.ts";

/** Leases in SQLite, for processes of one machine, whose clock they share. */
export class SqliteLeases implements Leases {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #health: StoreHealth;

  /** @param health told how it went whenever a lease was asked for: that is often, and writes */
  constructor(db: DatabaseSync, clock: Clock, health: StoreHealth) {
    this.#db = db;
    this.#clock = clock;
    this.#health = health;
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease> {
    return this.#health.watch(async () => this.#acquire(name, holder, ttlMs));
  }

  #acquire(name: string, holder: string, ttlMs: number): Lease {
    return orStoreError({ step: "acquire", name }, () => {
      let lease: Lease = { epoch: 1, holder, expiresAt: 0 };
      inTransaction(this.#db, () => {
        const now = this.#clock.wall();
        const last = this.#read(name);
        const held = last !== undefined && last.expiresAt > now;
        lease = held && last.holder !== holder ? last : taken(last, held, { holder, expiresAt: now + ttlMs });
        if (lease !== last)
          this.#db
            .prepare("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)")
            .run(name, lease.epoch, lease.holder, Math.ceil(lease.expiresAt));
      });
      return lease;
    });
  }

  async release(name: string, { holder, epoch }: Pick<Lease, "holder" | "epoch">): Promise<void> {
    orStoreError({ step: "release", name }, () =>
      this.#db
        .prepare("UPDATE lease SET expires_at = 0 WHERE name = ? AND holder = ? AND epoch = ?")
        .run(name, holder, epoch),
    );
  }

  async read(name: string): Promise<Lease | undefined> {
    return orStoreError({ step: "read lease", name }, () => this.#read(name));
  }

  #read(name: string): Lease | undefined {
    const row = this.#db.prepare("SELECT epoch, holder, expires_at FROM lease WHERE name = ?").get(name);
    return row && { epoch: Number(row["epoch"]), holder: String(row["holder"]), expiresAt: Number(row["expires_at"]) };
  }
}

const taken = (last: Lease | undefined, prolonged: boolean, now: Pick<Lease, "holder" | "expiresAt">): Lease => ({
  ...now,
  epoch: (last?.epoch ?? 0) + (prolonged ? 0 : 1),
});
