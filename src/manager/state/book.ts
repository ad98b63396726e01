import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { after, type Position, resumedAt } from "../../lcp/position.ts";
import type { Entry, Ledger } from "../ledger/ledger.ts";
import { Backlog } from "./backlog.ts";
import type { DocumentTable } from "./document-table.ts";
import type { Change, Commits, Documents, Writes } from "./documents.ts";
import { type Recorded, readEntry, textOfEntry, textsOf } from "./entry-text.ts";
import { Overlaid } from "./overlaid.ts";
import { type Reading, readingOf, writesOf } from "./reading.ts";
import type { Compiling, Delta, RuntimeTables } from "./runtime.ts";
import type { Turn } from "./turn.ts";

export interface BookWorld<C extends Compiling> {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** @param documents change under it, and it is told */
  compile(documents: Documents): C;
  /** Told of every change from the first on, and before all others are. */
  reader?(turn: Turn): void;
  /** What is known is out of date, and cannot be brought up to date: a book is to be opened anew. */
  lost(why: string): void;
}

/** Where another's entry is known to be and does not come, those who wait for it are turned away. */
const READ_MS = 15_000;

/** A change that was worked out, and is in the documents, but not in the ledger yet. */
interface Draft {
  readonly recorded: Recorded;
  readonly text: string;
  readonly undo: Writes;
}

/**
 * What all managers over one ledger know, as this one has read it: the documents, and the runtime state that follows
 * from them. A change is worked out on what this one knows, and counts if the ledger takes it as the next; if another
 * manager was first, it is worked out again on what that one made. Nor is anything refused, or taken to be so already,
 * before it is sure that no other manager has changed that.
 *
 * Where the ledger cannot tell whether it took a change, whoever wanted it is told so, and the change is no longer shown;
 * if it turns up after all, it is another's like any other.
 */
export class Book<C extends Compiling> implements Commits {
  readonly #world: BookWorld<C>;
  readonly #table: DocumentTable;
  readonly #readers = new Set<(turn: Turn) => void>();
  readonly runtime: RuntimeTables;
  #compiled: C;
  #at: Position;
  #seq: number;
  /** What undoes the change that the ledger has not taken yet. */
  #unsure: Writes | undefined;
  /** Of others, that came meanwhile. */
  readonly #waiting: Entry[] = [];
  #lastCommit: Promise<unknown> = Promise.resolve();
  /** Why the ledger did not take something, the last time it did not. */
  #failure: unknown;
  /** Whoever waits for what another manager wrote. */
  #awaited: PromiseWithResolvers<void> | undefined;
  /** Why nothing is taken nor told any more. */
  #lostBecause: string | undefined;
  readonly #backlog: Backlog;
  readonly #stop: () => void;

  private constructor(world: BookWorld<C>, read: Reading) {
    this.#world = world;
    this.#table = read.documents;
    this.runtime = read.runtime;
    this.#seq = read.seq;
    this.#backlog = new Backlog(read.since);
    this.#at = resumedAt(read.at, world.clock.wall());
    this.#compiled = world.compile(this.#table);
    if (world.reader) this.#readers.add(world.reader);
    this.#stop = world.ledger.follow(this.#seq, {
      entry: (entry) => this.#told(entry),
      lost: (why) => this.#lose(why),
    });
  }

  /** @throws MANAGER_STORE */
  static async open<C extends Compiling>(world: BookWorld<C>): Promise<Book<C>> {
    const { snapshot, entries } = await world.ledger.load();
    const book = new Book<C>(world, readingOf(snapshot?.seq ?? 0, snapshot?.parts ?? [], entries));
    await book.#agree();
    return book;
  }

  get compiled(): C {
    return this.#compiled;
  }

  get at(): Position {
    return this.#at;
  }

  /** As the ledger has them. */
  get documents(): Documents {
    return this.#unsure ? new Overlaid(this.#table, this.#unsure) : this.#table;
  }

  /** @param reader told of every change, after it counts @returns its undo */
  read(reader: (turn: Turn) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  commit(by: string, change: Change): Promise<void> {
    const before = this.#failure;
    const turn = this.#lastCommit.then(() => {
      // Whoever waited behind one whom the ledger failed has waited as long: it would only be failed later.
      if (this.#failure !== before) throw this.#failure;
      return this.#commit(by, change);
    });
    this.#lastCommit = turn.catch(() => undefined);
    return turn;
  }

  /** A receiver has been where this one has not: positions go on from there. */
  behind(receiver: Position): void {
    this.#at = after(receiver);
    this.#tell({ at: this.#at, keys: new Set(), runtime: [] });
  }

  async close(): Promise<void> {
    await this.#lastCommit;
    this.#stop();
  }

  async #commit(by: string, change: Change): Promise<void> {
    for (;;) {
      this.#mustBeCurrent();
      const { writes, refusal } = this.#workedOut(change);
      if (writes.size > 0 && (await this.#taken(this.#drafted(by, writes)))) return;
      if (writes.size > 0 || !(await this.#isAll())) continue;
      if (refusal) throw refusal;
      return;
    }
  }

  /** What is to be written, or why nothing can be: as far as this one knows. */
  #workedOut(change: Change): { readonly writes: Writes; readonly refusal?: PcgError } {
    try {
      return { writes: this.#real(change(this.#table)) };
    } catch (refusal) {
      // What is wrong in itself is wrong whatever others have written.
      if (!(refusal instanceof PcgError) || refusal.code === "MANAGER_BAD_REQUEST") throw refusal;
      return { writes: new Map(), refusal };
    }
  }

  /** Whether what is known is all there is; afterwards it is. @throws MANAGER_STORE */
  #isAll(): Promise<boolean> {
    return this.#noting(async () => {
      const newest = await this.#world.ledger.newest();
      if (newest <= this.#seq) return true;
      while (this.#seq < newest) await this.#beyond(this.#seq);
      return false;
    });
  }

  /** Without what is so already. */
  #real(writes: Writes): Writes {
    return new Map([...writes].filter(([key, value]) => !isDeepStrictEqual(this.#table.get(key), value)));
  }

  #drafted(by: string, writes: Writes): Draft {
    const undo = this.#table.apply(writes);
    try {
      const recorded: Recorded = {
        at: after(this.#at),
        wall: this.#world.clock.wall(),
        by,
        writes: [...writes].map(([key, value]) => [key, value ?? null]),
        runtime: this.#compiled.changed(writes.keys()),
      };
      return { recorded, text: textOfEntry(recorded), undo };
    } catch (error) {
      this.#table.apply(undo);
      // What was in the middle of working something out knows neither what was nor what is.
      this.#compiled = this.#world.compile(this.#table);
      throw error;
    }
  }

  /** Whether it counts. If not, what took its place was read. @throws MANAGER_STORE */
  async #taken(draft: Draft): Promise<boolean> {
    const seq = this.#seq;
    return this.#noting(async () => {
      if (await this.#append(draft)) return true;
      await this.#beyond(seq);
      return false;
    });
  }

  async #noting<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Whether it counts. What does not is undone. */
  async #append({ recorded, text, undo }: Draft): Promise<boolean> {
    const seq = this.#seq + 1;
    this.#unsure = undo;
    let isTaken = false;
    try {
      isTaken = await this.#world.ledger.append({ seq, text });
    } finally {
      this.#unsure = undefined;
      if (isTaken) this.#settle(seq, text.length, recorded);
      else {
        this.#table.apply(undo);
        this.#compiled.changed(undo.keys());
      }
      for (const entry of this.#waiting.splice(0)) this.#told(entry);
    }
    return isTaken;
  }

  /** Until another's entry has been read that took the place of ours. */
  async #beyond(seq: number): Promise<void> {
    if (this.#seq > seq) return;
    this.#mustBeCurrent();
    const awaited = Promise.withResolvers<void>();
    this.#awaited = awaited;
    const late = new PcgError("MANAGER_STORE", { seq, why: "what another manager wrote cannot be read" });
    const cancel = this.#world.clock.after(READ_MS, () => awaited.reject(late));
    await awaited.promise.finally(cancel);
  }

  #mustBeCurrent(): void {
    if (this.#lostBecause !== undefined) throw new PcgError("MANAGER_STORE", { why: this.#lostBecause });
  }

  #lose(why: string): void {
    this.#lostBecause ??= why;
    this.#awaited?.reject(new PcgError("MANAGER_STORE", { why }));
    this.#world.lost(why);
  }

  #told(entry: Entry): void {
    if (this.#unsure) {
      this.#waiting.push(entry);
      return;
    }
    if (entry.seq <= this.#seq || this.#lostBecause !== undefined) return;
    if (entry.seq !== this.#seq + 1) {
      this.#lose(`entry ${entry.seq} came after ${this.#seq}`);
      return;
    }
    const recorded = readEntry(entry.text);
    this.#table.apply(writesOf(recorded));
    this.#compiled.changed(recorded.writes.map(([key]) => key));
    this.#settle(entry.seq, entry.text.length, recorded);
    this.#awaited?.resolve();
  }

  #settle(seq: number, bytes: number, { at, writes, runtime }: Recorded): void {
    this.#seq = seq;
    // Positions that this one has given out on its own are behind it as well.
    this.#at = (this.#at >= at ? after(this.#at) : at) as Position;
    this.#tell({
      at: this.#at,
      keys: new Set(writes.map(([key]) => key)),
      runtime: runtime.map((delta) => ({
        tier0: delta.tier0,
        upserts: this.runtime.apply(delta, at),
        deletes: delta.deletes,
      })),
    });
    if (this.#backlog.grew(bytes)) this.#compact();
  }

  #tell(turn: Turn): void {
    for (const reader of [...this.#readers]) reader(turn);
  }

  #compact(): void {
    const picture = { at: this.#at, documents: this.#table.under(""), runtime: this.runtime.all() };
    this.#world.ledger.compact({ seq: this.#seq, parts: textsOf(picture) }).catch((error: unknown) => {
      this.#world.log.warn("the ledger was not compacted; it will be later", { why: messageOf(error) });
    });
  }

  /** Another version of this program may have made other runtime state of the same policy. */
  async #agree(): Promise<void> {
    for (;;) {
      const runtime = this.runtime.differencesFrom(this.#compiled);
      if (runtime.length === 0) return;
      const { clock, log } = this.#world;
      log.info("runtime state is made anew", { resources: runtime.reduce((sum, d) => sum + sizeOf(d), 0) });
      const recorded = { at: after(this.#at), wall: clock.wall(), by: "nsx-manager", writes: [], runtime };
      if (await this.#taken({ recorded, text: textOfEntry(recorded), undo: new Map() })) return;
    }
  }
}

const sizeOf = ({ upserts, deletes }: Delta) => upserts.length + deletes.length;
