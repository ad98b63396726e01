import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import type { Entry, Ledger, LedgerEvents, Snapshot } from "./ledger.ts";

/** What several managers share, with a network between them and it that delays, loses and breaks. */
export class SharedStore {
  readonly entries: Entry[] = [];
  snapshot: Snapshot | null = null;
  readonly followers = new Set<{ next: number; events: LedgerEvents }>();
}

export interface Mischief {
  readonly clock: Clock;
  readonly random: () => number;
  /** Shares of requests that are lost on the way there, and whose answer is lost on the way back. */
  readonly lost: number;
  readonly unanswered: number;
}

/** A manager's end of a store in memory. */
export class MemoryLedger implements Ledger {
  readonly #store: SharedStore;
  readonly #world: Mischief;

  constructor(store: SharedStore, world: Mischief) {
    this.#store = store;
    this.#world = world;
  }

  async load() {
    const { snapshot, entries } = this.#store;
    return { snapshot, entries: entries.filter(({ seq }) => seq > (snapshot?.seq ?? 0)) };
  }

  async append(entry: Entry): Promise<boolean> {
    await this.#while();
    const { random, lost, unanswered } = this.#world;
    if (random() < lost) throw new PcgError("MANAGER_STORE", { why: "lost" });
    const isNext = entry.seq === this.#last() + 1;
    if (isNext) this.#store.entries.push(entry);
    this.#spread();
    await this.#while();
    if (random() < unanswered) throw new PcgError("MANAGER_STORE", { why: "unanswered" });
    return isNext;
  }

  follow(seq: number, events: LedgerEvents): () => void {
    const follower = { next: seq + 1, events };
    this.#store.followers.add(follower);
    return () => void this.#store.followers.delete(follower);
  }

  async compact(snapshot: Snapshot): Promise<void> {
    if (snapshot.seq > (this.#store.snapshot?.seq ?? 0)) this.#store.snapshot = snapshot;
  }

  async close(): Promise<void> {}

  #last(): number {
    return this.#store.entries.at(-1)?.seq ?? 0;
  }

  /** Each follower hears of it in its own time, in order. */
  #spread(): void {
    for (const follower of this.#store.followers) void this.#while().then(() => this.#tell(follower));
  }

  #tell(follower: { next: number; events: LedgerEvents }): void {
    for (const entry of this.#store.entries.filter(({ seq }) => seq >= follower.next)) {
      follower.next = entry.seq + 1;
      if (this.#store.followers.has(follower)) follower.events.entry(entry);
    }
  }

  #while(): Promise<void> {
    return new Promise((resolve) => void this.#world.clock.after(this.#world.random() * 50, resolve));
  }
}
