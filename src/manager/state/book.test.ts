import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { ResourceId } from "../../lcp/resource.ts";
import { MemoryLedger, SharedStore } from "../ledger/memory-ledger.testing.ts";
import { Book } from "./book.ts";
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

function world(seed: number, mischief = { lost: 0, unanswered: 0 }) {
  const clock = new VirtualClock();
  const random = fc.sample(fc.noBias(fc.double({ min: 0, max: 0.999, noNaN: true })), { seed, numRuns: 4_000 });
  let drawn = 0;
  const store = new SharedStore();
  const losses: string[] = [];
  const open = () =>
    Book.open({
      ledger: new MemoryLedger(store, { clock, random: () => random[drawn++ % random.length] ?? 0, ...mischief }),
      ...{ clock, log: silent, compile: (documents: Documents) => new Copying(documents) },
      lost: (why) => void losses.push(why),
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
  await book.commit("me", set("/t/a", 1));
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
      fc.array(fc.record({ who: fc.nat(2), key: fc.nat(3), remove: fc.boolean() }), { maxLength: 25 }),
      async (seed, edits) => {
        const { clock, open, losses } = world(seed, { lost: 0.1, unanswered: 0.1 });
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
        await settle(clock);
        await Promise.all(tasks);
        await settle(clock);
        const [first, ...others] = [...books, await open()].map(contents);
        for (const other of others) expect(other).toEqual(first);
        const known = new Map(first?.documents);
        for (const [key, value] of acknowledged) expect(known.get(key)).toBe(value);
        const versions = first?.runtime.map(([, { version }]) => version) ?? [];
        expect(new Set(versions).size).toBe(versions.length);
        expect(losses).toEqual([]);
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
