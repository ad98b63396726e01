import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { ResourceId } from "../../lcp/resource.ts";
import type { Entry } from "../ledger/ledger.ts";
import { type Between, MemoryLedger, SharedStore } from "../ledger/memory-ledger.testing.ts";
import { Book, type BookWorld } from "./book.ts";
import type { Documents } from "./documents.ts";
import type { Compiling, Delta, Piece } from "./runtime.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Every document under `/t/` is a group of Tier-0 `t`. */
class Copying implements Compiling {
  readonly #documents: Documents;
  readonly #table = new Map<ResourceId, Piece>();

  constructor(documents: Documents) {
    this.#documents = documents;
    this.changed([...documents.under("/t/")].map(([key]) => key));
  }

  changed(keys: Iterable<string>): Delta[] {
    const mine = [...keys].filter((key) => key.startsWith("/t/"));
    const pieces = mine.flatMap((key): Piece[] => {
      const body = this.#documents.get(key);
      return body === undefined ? [] : [{ type: "group", key, body }];
    });
    const deletes = mine.filter((key) => this.#documents.get(key) === undefined).map((key) => ResourceId("group", key));
    for (const piece of pieces) this.#table.set(ResourceId("group", piece.key), piece);
    for (const id of deletes) this.#table.delete(id);
    return pieces.length + deletes.length > 0 ? [{ tier0: "t", upserts: pieces, deletes }] : [];
  }

  tier0s = () => ["t"];
  table = () => this.#table;
}

function world(seed: number, mischief: Partial<Between> = {}) {
  const clock = new VirtualClock();
  const random = fc.sample(fc.noBias(fc.nat(999)), { seed, numRuns: 4_000 }).map((n) => n / 1_000);
  let drawn = 0;
  const store = new SharedStore();
  const losses: string[] = [];
  const draw = () => random[drawn++ % random.length] ?? 0;
  const pause = () => new Promise<void>((resolve) => void clock.after(draw() * 50, resolve));
  const open = (more: Partial<BookWorld<Copying>> = {}) =>
    Book.open({
      ledger: new MemoryLedger(store, { pause, random: draw, ...mischief }),
      ...{ clock, log: silent, compile: (documents: Documents) => new Copying(documents) },
      lost: (why) => void losses.push(why),
      ...more,
    });
  return { clock, store, losses, open };
}

/** Lets time pass until nothing happens any more. */
async function settle(clock: VirtualClock): Promise<void> {
  for (let n = 0; n < 400; n++) {
    clock.advance(10);
    for (let turns = 0; turns < 6; turns++) await Promise.resolve();
  }
}

const set = (key: string, value: unknown) => () => new Map([[key, value]]);
const contents = (book: Book<Copying>) => ({
  documents: [...book.documents.under("")],
  runtime: [...book.runtime.all()].sort(([, a], [, b]) => (a.key < b.key ? -1 : 1)),
});

test("Book answers a commit when the ledger has taken it, and until then shows what was", async () => {
  const { clock, open } = world(1);
  const book = await open();
  const turns: unknown[] = [];
  book.read(({ keys, runtime }) => turns.push([[...keys], runtime.map(({ upserts }) => upserts.map((r) => r.body))]));
  const done = book.commit("me", set("/t/a", 1));
  for (let n = 0; n < 6; n++) await Promise.resolve();
  expect([book.documents.get("/t/a"), [...book.documents.under("/t")]]).toEqual([undefined, []]);
  await settle(clock);
  await done;
  expect(book.documents.get("/t/a")).toBe(1);
  expect(turns).toEqual([[["/t/a"], [[1]]]]);
});

test("Book refuses what the change refuses, and goes on as if nothing had been asked", async () => {
  const { clock, open, store } = world(1);
  const book = await open();
  const refused = book.commit("me", () => {
    throw new Error("no");
  });
  const done = book.commit("me", set("/t/a", 1));
  await expect(refused).rejects.toThrow("no");
  await settle(clock);
  await done;
  const again = book.commit("me", set("/t/a", 1));
  await settle(clock);
  await again;
  expect(store.entries).toHaveLength(1);
});

test("Book works a change out again on what another manager was first with", async () => {
  const { clock, open } = world(3);
  const books = await Promise.all([open(), open(), open()]);
  const count = (documents: Documents) => new Map([["/t/n", ((documents.get("/t/n") as number) ?? 0) + 1]]);
  const all = books.flatMap((book) => Array.from({ length: 5 }, () => book.commit("me", count)));
  for (let n = 0; n < 5; n++) await settle(clock);
  await Promise.all(all);
  expect(books.map((book) => book.documents.get("/t/n"))).toEqual([15, 15, 15]);
});

test("Book is the same everywhere and after a restart, whatever is lost on the way; what was acknowledged is in it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.array(fc.record({ who: fc.nat(2), key: fc.nat(3), remove: fc.boolean() }), { maxLength: 25, size: "max" }),
      fc.option(fc.integer({ min: 50, max: 500 })),
      async (seed, edits, lostAfterMs) => {
        const { clock, open, losses, store } = world(seed, { lost: 0.07, late: 0.07, unanswered: 0.1 });
        const books = await Promise.all([open(), open(), open()]);
        const acknowledged = new Map<string, unknown>();
        const tasks = edits.map(({ who, key, remove }, n) => {
          const write = set(`/t/${who}-${key}`, remove ? undefined : n);
          // Only one manager writes a key, so that its last acknowledged value is known.
          return books[who]?.commit("me", write).then(
            () => acknowledged.set(`/t/${who}-${key}`, remove ? undefined : n),
            () => acknowledged.delete(`/t/${who}-${key}`),
          );
        });
        if (lostAfterMs !== null) clock.after(lostAfterMs, () => store.lose("compacted away"));
        await settle(clock);
        await Promise.all(tasks);
        await settle(clock);
        const current = lostAfterMs === null ? books : [await open()];
        const [first, ...others] = [...current, await open()].map(contents);
        for (const other of others) expect(other).toEqual(first);
        const known = new Map(first?.documents);
        for (const [key, value] of acknowledged) expect(known.get(key)).toBe(value);
        const versions = first?.runtime.map(([, { version }]) => version) ?? [];
        expect(new Set(versions).size).toBe(versions.length);
        expect(losses).toHaveLength(lostAfterMs === null ? 0 : 3);
      },
    ),
    { numRuns: 60 },
  );
});

test("Book opens from a picture of everything and what came after it", async () => {
  const { clock, open, store } = world(5);
  const book = await open();
  for (let n = 0; n < 1_200; n++) {
    const done = book.commit("me", set(`/t/${n % 300}`, { n, text: "x".repeat(2_000) }));
    for (let turns = 0; turns < 12; turns++) {
      clock.advance(60);
      for (let k = 0; k < 6; k++) await Promise.resolve();
    }
    await done;
  }
  expect(store.snapshot?.seq).toBe(1_000);
  expect(store.snapshot?.parts.length).toBeGreaterThan(1);
  expect(contents(await open())).toEqual(contents(book));
});

test("Book makes runtime state anew where this program makes another of the same policy", async () => {
  const { clock, open, store } = world(6);
  const book = await open();
  const done = book.commit("me", set("/t/a", 1));
  await settle(clock);
  await done;
  store.entries[0] = { seq: 1, text: store.entries[0]?.text.replace('"body":1', '"body":"old"') ?? "" };
  const opening = open();
  await settle(clock);
  const again = await opening;
  expect([...again.runtime.all()].map(([, { body }]) => body)).toEqual([1]);
  expect(store.entries).toHaveLength(2);
});

test("Book goes on from a position that only a receiver knows", async () => {
  const { open } = world(7);
  const book = await open();
  const ahead = (book.at + 1_000) as typeof book.at;
  const told: number[] = [];
  book.read(({ at }) => told.push(at));
  book.behind(ahead);
  expect(told).toEqual([ahead + 1]);
});

test("Book tells its first reader of what others write while it is still being opened", async () => {
  const { clock, open, store } = world(8);
  const first = await open();
  const seen: string[] = [];
  const opening = open({
    reader: ({ keys }) => void seen.push(...keys),
    compile: (documents) => {
      const made = new Copying(documents);
      made.table().set(ResourceId("group", "/t/x"), { type: "group", key: "/t/x", body: "of another version" });
      return made;
    },
  });
  const done = first.commit("me", set("/t/a", 1));
  await settle(clock);
  await Promise.all([opening, done]);
  expect(seen).toEqual(["/t/a"]);
  expect(store.entries).toHaveLength(2);
});

test("Book whose compiler fails shows nothing of what made it fail, and goes on", async () => {
  const { clock, open, store } = world(9);
  const book = await open({
    compile: (documents) =>
      new (class extends Copying {
        override changed(keys: Iterable<string>) {
          const all = super.changed(keys);
          if (documents.get("/t/bad") !== undefined) throw new Error("cannot");
          return all;
        }
      })(documents),
  });
  await expect(book.commit("me", set("/t/bad", 1))).rejects.toThrow("cannot");
  expect([book.documents.get("/t/bad"), store.entries]).toEqual([undefined, []]);
  const done = book.commit("me", set("/t/a", 1));
  await settle(clock);
  await done;
  expect(contents(book)).toEqual(contents(await open()));
});

test("Book that is lost turns away whoever asks or waits, and can be closed", async () => {
  const { clock, open, store, losses } = world(10);
  const book = await open();
  // What takes the place of its entry never reaches it.
  for (const follower of store.followers) follower.next = 100;
  store.entries.push({ seq: 1, text: "{}" });
  const all = [book.commit("me", set("/t/a", 1)), book.commit("me", set("/t/b", 1))];
  const ends = Promise.allSettled(all);
  await settle(clock);
  store.lose("the store was put back");
  const turnedAway = { status: "rejected", reason: { code: "MANAGER_STORE" } };
  expect(await ends).toMatchObject([turnedAway, turnedAway]);
  await expect(book.commit("me", set("/t/c", 1))).rejects.toThrow("the store was put back");
  expect(losses).toEqual(["the store was put back"]);
  expect([...book.documents.under("/t/")]).toEqual([]);
  await book.close();
});

test("Book waits fifteen seconds for what took the place of a change, and is right when it comes after that", async () => {
  const { clock, open, store } = world(11);
  const [first, second] = [await open(), await open()];
  const [its] = [...store.followers];
  if (its) its.next = 100;
  const others = second.commit("other", set("/t/b", 2));
  await settle(clock);
  await others;
  const end = expect(first.commit("me", set("/t/a", 1))).rejects.toThrow("what another manager wrote cannot be read");
  for (let n = 0; n < 5; n++) await settle(clock);
  await end;
  if (its) its.next = 1;
  const again = first.commit("me", set("/t/a", 1));
  await settle(clock);
  await again;
  expect(contents(first)).toEqual(contents(second));
});

test("Book fails those who waited behind one whom the store failed, and not who comes after", async () => {
  let asked = 0;
  let isDown = true;
  const { open, store } = world(12);
  class Down extends MemoryLedger {
    override async append(entry: Entry): Promise<boolean> {
      asked++;
      if (isDown) throw new PcgError("MANAGER_STORE", { why: "no answer" });
      return super.append(entry);
    }
  }
  const book = await open({ ledger: new Down(store) });
  const all = await Promise.allSettled(["a", "b", "c"].map((key) => book.commit("me", set(`/t/${key}`, 1))));
  expect(all.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(asked).toBe(1);
  isDown = false;
  await book.commit("me", set("/t/d", 1));
  expect([...book.documents.under("/t/")]).toEqual([["/t/d", 1]]);
});

test("Book takes nothing to be so already, nor refuses anything, because of what another manager has changed", async () => {
  const { clock, open, store } = world(13);
  const [first, second] = [await open(), await open()];
  const [its] = [...store.followers];
  const one = first.commit("me", set("/t/a", 1));
  await settle(clock);
  await one;
  if (its) its.next = 100;
  const two = second.commit(
    "other",
    () =>
      new Map<string, unknown>([
        ["/t/a", 2],
        ["/t/b", 1],
      ]),
  );
  await settle(clock);
  await two;
  const back = first.commit("me", set("/t/a", 1));
  const needing = first.commit("me", (documents) => {
    if (documents.get("/t/b") === undefined) throw new PcgError("MANAGER_REFUSED", { why: "there is no b" });
    return new Map([["/t/c", 1]]);
  });
  const wrong = first.commit("me", (documents) => {
    if (documents.get("/t/z") === undefined) throw new PcgError("MANAGER_NOT_FOUND", { path: "/t/z" });
    return new Map();
  });
  const refused = expect(wrong).rejects.toMatchObject({ code: "MANAGER_NOT_FOUND" });
  await settle(clock);
  if (its) its.next = 2;
  const other = second.commit("other", set("/t/d", 1));
  await settle(clock);
  await Promise.all([back, needing, refused, other]);
  expect([...second.documents.under("/t/")].map(([, value]) => value)).toEqual([1, 1, 1, 1]);
});
