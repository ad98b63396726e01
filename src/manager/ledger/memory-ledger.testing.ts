import { PcgError } from "../../base/error.ts";
import type { Entry, Ledger, LedgerEvents, Snapshot } from "./ledger.ts";

interface Follower {
  readonly of: MemoryLedger;
  next: number;
  readonly events: LedgerEvents;
}

/** For tests: what several managers share. */
export class SharedStore {
  readonly entries: Entry[] = [];
  snapshot: Snapshot | null = null;
  readonly followers = new Set<Follower>();

  get last(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  /** Readers cannot go on from where they are. */
  lose(why: string): void {
    for (const follower of [...this.followers]) {
      this.followers.delete(follower);
      follower.events.lost(why);
    }
  }
}

/** What is between a manager and the store: all there is to say of a network that delays, loses and breaks. */
export interface Between {
  /** A way there or back. */
  pause(): Promise<unknown>;
  readonly random: () => number;
  /**
   * Shares of requests that are lost on the way there; that arrive when nobody waits for them any more; and whose answer
   * is lost on the way back.
   */
  readonly lost: number;
  readonly late: number;
  readonly unanswered: number;
}

const nothing: Between = { pause: () => Promise.resolve(), random: () => 0.5, lost: 0, late: 0, unanswered: 0 };

/** Ways of others that one which is late takes at most. */
const LATE = 20;

/** For tests: a manager's end of a store in memory. */
export class MemoryLedger implements Ledger {
  readonly #store: SharedStore;
  readonly #between: Between;

  constructor(store: SharedStore, between: Partial<Between> = {}) {
    this.#store = store;
    this.#between = { ...nothing, ...between };
  }

  async load() {
    const { snapshot, entries } = this.#store;
    return { snapshot, entries: entries.filter(({ seq }) => seq > (snapshot?.seq ?? 0)) };
  }

  async newest(): Promise<number> {
    await this.#between.pause();
    if (this.#between.random() < this.#between.lost) throw new PcgError("MANAGER_STORE", { why: "lost" });
    const { last } = this.#store;
    await this.#between.pause();
    return last;
  }

  async append(entry: Entry): Promise<boolean> {
    const { pause, random, lost, late, unanswered } = this.#between;
    await pause();
    const luck = random();
    if (luck < lost) throw new PcgError("MANAGER_STORE", { why: "lost" });
    if (luck < lost + late) {
      void this.#arriveLate(entry);
      throw new PcgError("MANAGER_STORE", { why: "late" });
    }
    if (entry.seq > this.#store.last + 1)
      throw new PcgError("MANAGER_STORE", { seq: entry.seq, why: "an entry that follows nothing" });
    const isTaken = this.#arrive(entry);
    await pause();
    if (random() < unanswered) throw new PcgError("MANAGER_STORE", { why: "unanswered" });
    // Readers of the same process may hear of it from here, before whoever appended does.
    if (random() < 0.5) for (const follower of this.#store.followers) if (follower.of === this) this.#tell(follower);
    return isTaken;
  }

  follow(seq: number, events: LedgerEvents): () => void {
    const follower = { of: this, next: seq + 1, events };
    this.#store.followers.add(follower);
    void this.#between.pause().then(() => this.#tell(follower));
    return () => void this.#store.followers.delete(follower);
  }

  async compact(snapshot: Snapshot): Promise<void> {
    if (snapshot.seq > (this.#store.snapshot?.seq ?? 0)) this.#store.snapshot = snapshot;
  }

  async close(): Promise<void> {}

  async #arriveLate(entry: Entry): Promise<void> {
    for (let left = this.#between.random() * LATE; left > 0; left--) await this.#between.pause();
    this.#arrive(entry);
  }

  #arrive(entry: Entry): boolean {
    const isNext = entry.seq === this.#store.last + 1;
    if (isNext) this.#store.entries.push(entry);
    // Each follower hears of it in its own time, in order.
    for (const follower of this.#store.followers) void this.#between.pause().then(() => this.#tell(follower));
    return isNext;
  }

  #tell(follower: Follower): void {
    for (const entry of this.#store.entries.filter(({ seq }) => seq >= follower.next)) {
      if (!this.#store.followers.has(follower)) return;
      follower.next = entry.seq + 1;
      follower.events.entry(entry);
    }
  }
}
