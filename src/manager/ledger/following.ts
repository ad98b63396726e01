import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Entry, LedgerEvents } from "./ledger.ts";

/** An entry as a store keeps it. The mark tells it from another that takes its number when a backup was restored. */
export interface Marked extends Entry {
  readonly mark: string;
}

export interface FollowingParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The entry of this number and those after it, in order: two at least, if there are so many. @throws PcgError */
  readonly read: (seq: number) => Promise<readonly Marked[]>;
  /** Looks so often, in milliseconds, though nothing is heard. */
  readonly everyMs: number;
  /** Such a look found what should have been heard. */
  readonly missed?: () => void;
}

/**
 * One reader's place in a ledger. It is told what was heard if that is next, and otherwise what a look at the store
 * finds; so it does not matter what is heard, nor how often. A look begins with the entry told last: if that is gone, or
 * is another, then the store was put back or compacted past this reader.
 */
export class Following {
  readonly #parts: FollowingParts;
  readonly #events: LedgerEvents;
  #told: { readonly seq: number; readonly mark: string | undefined };
  #busy = false;
  #again = false;
  #failing = false;
  #stopped = false;
  #undoTimer: () => void = () => undefined;

  constructor(parts: FollowingParts, seq: number, events: LedgerEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#told = { seq, mark: undefined };
    void this.look();
  }

  /** Something may be new. */
  look(): Promise<void> {
    this.#again = true;
    return this.#settle();
  }

  /** This entry is durable. */
  hear(entry: Marked): void {
    if (this.#stopped || entry.seq <= this.#told.seq) return;
    if (this.#busy || entry.seq > this.#told.seq + 1) {
      void this.look();
      return;
    }
    this.#busy = true;
    try {
      this.#tell(entry);
    } finally {
      this.#busy = false;
    }
    if (this.#again) void this.#settle();
  }

  stop(): void {
    this.#stopped = true;
    this.#undoTimer();
  }

  async #settle(): Promise<void> {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#undoTimer();
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#page();
    }
    this.#busy = false;
    if (!this.#stopped) this.#undoTimer = this.#parts.clock.after(this.#parts.everyMs, () => void this.#lookUnasked());
  }

  async #lookUnasked(): Promise<void> {
    const before = this.#told.seq;
    await this.look();
    if (this.#told.seq > before && !this.#stopped) this.#parts.missed?.();
  }

  /** Tells one page of what is there; if there was something, there may be more. */
  async #page(): Promise<void> {
    const from = this.#told.seq;
    const page = await this.#read(Math.max(from, 1));
    if (!page || this.#stopped) return;
    const why = flawOf(page, this.#told);
    if (why) {
      this.stop();
      this.#events.lost(why);
      return;
    }
    for (const entry of page) {
      if (entry.seq > from) this.#tell(entry);
      else this.#told = entry;
      if (this.#stopped) return;
    }
    if (this.#told.seq > from) this.#again = true;
  }

  async #read(seq: number): Promise<readonly Marked[] | undefined> {
    try {
      const page = await this.#parts.read(seq);
      if (this.#failing) this.#parts.log.info("the ledger can be followed again", { seq });
      this.#failing = false;
      return page;
    } catch (error) {
      if (!this.#failing && !this.#stopped)
        this.#parts.log.warn("the ledger cannot be followed for now", { seq, why: messageOf(error) });
      this.#failing = true;
      return undefined;
    }
  }

  #tell({ seq, text, mark }: Marked): void {
    this.#told = { seq, mark };
    this.#events.entry({ seq, text });
  }
}

/** Why a reader cannot go on from what it was told with what is there from that number on. */
function flawOf(page: readonly Marked[], told: { seq: number; mark: string | undefined }): string | undefined {
  const [first] = page;
  if (!first && told.seq === 0) return undefined;
  if (!first) return `entry ${told.seq} is gone and so is all after it: the store was put back`;
  if (first.seq !== Math.max(told.seq, 1)) return `entries up to ${first.seq} were compacted away after ${told.seq}`;
  if (told.mark !== undefined && first.mark !== told.mark)
    return `entry ${told.seq} is another than before: the store was put back`;
  const wrong = page.findIndex(({ seq }, at) => seq !== first.seq + at);
  return wrong < 0 ? undefined : `entry ${first.seq + wrong} is missing`;
}
