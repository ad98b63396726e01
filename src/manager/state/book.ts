import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { after, type Position, resumedAt, START } from "../../lcp/position.ts";
import type { Resource, ResourceId } from "../../lcp/resource.ts";
import type { Entry, Ledger } from "../ledger/ledger.ts";
import { Before, DocumentTable } from "./document-table.ts";
import type { Change, Commits, Documents, Writes } from "./documents.ts";
import { type Recorded, readEntry, readPicture, textOfEntry, textsOf } from "./entry-text.ts";
import { type Compiling, type Delta, RuntimeTables } from "./runtime.ts";

export interface BookWorld<C extends Compiling> {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** @param documents change under it, and it is told */
  compile(documents: Documents): C;
  /** What is known is out of date, and cannot be brought up to date. */
  lost(why: string): void;
}

/** What has changed for those who read a book. */
export interface Turn {
  readonly at: Position;
  readonly keys: ReadonlySet<string>;
  readonly runtime: readonly {
    readonly tier0: string;
    readonly upserts: readonly Resource[];
    readonly deletes: readonly ResourceId[];
  }[];
}

/** Entries after which a picture of everything takes their place, and a size that does it too. */
const COMPACT = { entries: 1_000, bytes: 64 * 1024 * 1024 } as const;

/**
 * What all managers over one ledger know, as this one has read it: the documents, and the runtime state that follows
 * from them. A change is worked out on what this one knows, and counts if the ledger takes it as the next; if another
 * manager was first, it is worked out again on what that one made.
 */
export class Book<C extends Compiling> implements Commits {
  readonly #world: BookWorld<C>;
  readonly #table: DocumentTable;
  readonly #readers = new Set<(turn: Turn) => void>();
  readonly runtime: RuntimeTables;
  readonly compiled: C;
  #at: Position;
  #seq: number;
  /** What undoes the change that the ledger has not taken yet. */
  #unsure: Writes | undefined;
  /** Of others, that came meanwhile. */
  readonly #waiting: Entry[] = [];
  #lastCommit: Promise<unknown> = Promise.resolve();
  #caughtUp: (() => void)[] = [];
  #sincePicture = { entries: 0, bytes: 0 };
  readonly #stop: () => void;

  private constructor(world: BookWorld<C>, read: Reading) {
    this.#world = world;
    this.#table = read.documents;
    this.runtime = read.runtime;
    this.#seq = read.seq;
    this.#sincePicture = read.since;
    this.#at = resumedAt(read.at, world.clock.wall());
    this.compiled = world.compile(this.#table);
    this.#stop = world.ledger.follow(this.#seq, {
      entry: (entry) => this.#told(entry),
      lost: (why) => world.lost(why),
    });
  }

  /** @throws MANAGER_STORE */
  static async open<C extends Compiling>(world: BookWorld<C>): Promise<Book<C>> {
    const { snapshot, entries } = await world.ledger.load();
    const book = new Book<C>(world, readingOf(snapshot?.seq ?? 0, snapshot?.parts ?? [], entries));
    await book.#agree();
    return book;
  }

  get at(): Position {
    return this.#at;
  }

  /** As the ledger has them. */
  get documents(): Documents {
    return this.#unsure ? new Before(this.#table, this.#unsure) : this.#table;
  }

  /** @param reader told of every change, after it counts @returns its undo */
  read(reader: (turn: Turn) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  commit(by: string, change: Change): Promise<void> {
    const turn = this.#lastCommit.then(() => this.#commit(by, change));
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
      const seq = this.#seq;
      const writes = this.#real(change(this.#table));
      if (writes.size === 0) return;
      const undo = this.#table.apply(writes);
      const recorded: Recorded = {
        at: after(this.#at),
        wall: this.#world.clock.wall(),
        by,
        writes: [...writes].map(([key, value]) => [key, value ?? null]),
        runtime: this.compiled.changed(writes.keys()),
      };
      if (await this.#append(recorded, undo)) return;
      await this.#beyond(seq);
    }
  }

  /** Without what is so already. */
  #real(writes: Writes): Writes {
    return new Map([...writes].filter(([key, value]) => !isDeepStrictEqual(this.#table.get(key), value)));
  }

  /** Whether it counts. What does not is undone. */
  async #append(recorded: Recorded, undo: Writes): Promise<boolean> {
    const text = textOfEntry(recorded);
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
        this.compiled.changed(undo.keys());
      }
      for (const entry of this.#waiting.splice(0)) this.#told(entry);
    }
    return isTaken;
  }

  /** Until another's entry has been read that took the place of ours. */
  #beyond(seq: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => (this.#seq > seq ? resolve() : void this.#caughtUp.push(look));
      look();
    });
  }

  #told(entry: Entry): void {
    if (this.#unsure) {
      this.#waiting.push(entry);
      return;
    }
    if (entry.seq <= this.#seq) return;
    if (entry.seq !== this.#seq + 1) {
      this.#world.lost(`entry ${entry.seq} came after ${this.#seq}`);
      return;
    }
    const recorded = readEntry(entry.text);
    this.#table.apply(writesOf(recorded));
    this.compiled.changed(recorded.writes.map(([key]) => key));
    this.#settle(entry.seq, entry.text.length, recorded);
    for (const look of this.#caughtUp.splice(0)) look();
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
    this.#sincePicture = { entries: this.#sincePicture.entries + 1, bytes: this.#sincePicture.bytes + bytes };
    if (this.#sincePicture.entries >= COMPACT.entries || this.#sincePicture.bytes >= COMPACT.bytes) this.#compact();
  }

  #tell(turn: Turn): void {
    for (const reader of [...this.#readers]) reader(turn);
  }

  #compact(): void {
    this.#sincePicture = { entries: 0, bytes: 0 };
    const picture = { at: this.#at, documents: this.#table.under(""), runtime: this.runtime.all() };
    this.#world.ledger.compact({ seq: this.#seq, parts: textsOf(picture) }).catch((error: unknown) => {
      this.#world.log.warn("the ledger was not compacted; it will be later", { why: messageOf(error) });
    });
  }

  /** Another version of this program may have made other runtime state of the same policy. */
  async #agree(): Promise<void> {
    for (;;) {
      const seq = this.#seq;
      const runtime = this.runtime.differencesFrom(this.compiled);
      if (runtime.length === 0) return;
      const { clock, log } = this.#world;
      log.info("runtime state is made anew", { resources: runtime.reduce((sum, d) => sum + sizeOf(d), 0) });
      const recorded = { at: after(this.#at), wall: clock.wall(), by: "nsx-manager", writes: [], runtime };
      if (await this.#append(recorded, new Map())) return;
      await this.#beyond(seq);
    }
  }
}

interface Reading {
  readonly at: Position;
  readonly seq: number;
  readonly documents: DocumentTable;
  readonly runtime: RuntimeTables;
  readonly since: { readonly entries: number; readonly bytes: number };
}

function readingOf(seq: number, parts: readonly string[], entries: readonly Entry[]): Reading {
  const picture = readPicture(parts.length > 0 ? parts : [JSON.stringify({ at: START })]);
  const documents = new DocumentTable(picture.documents);
  const runtime = new RuntimeTables();
  for (const [tier0, resource] of picture.runtime) runtime.put(tier0, resource);
  let { at } = picture;
  let bytes = 0;
  for (const { text } of entries) {
    const recorded = readEntry(text);
    documents.apply(writesOf(recorded));
    for (const delta of recorded.runtime) runtime.apply(delta, recorded.at);
    at = recorded.at;
    bytes += text.length;
  }
  return {
    ...{ at, documents, runtime },
    seq: entries.at(-1)?.seq ?? seq,
    since: { entries: entries.length, bytes },
  };
}

const writesOf = ({ writes }: Recorded): Writes => new Map(writes.map(([key, value]) => [key, value ?? undefined]));

const sizeOf = ({ upserts, deletes }: Delta) => upserts.length + deletes.length;
