import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { Following, type Marked } from "./following.ts";

const EVERY_MS = 1_000;
const entry = (seq: number, mark = "a"): Marked => ({ seq, text: `text ${seq}`, mark });
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => entry(from + n));

/** A store that is an array, and a reader of it. */
function reader(kept: Marked[], { seq = 0, failing = 0 } = {}) {
  const clock = new VirtualClock();
  const told: number[] = [];
  const lost: string[] = [];
  const logged: string[] = [];
  const faults = { reads: failing, missed: 0 };
  const read = async (from: number) => {
    if (faults.reads-- > 0) throw new Error("no store");
    return kept.filter((one) => one.seq >= from).slice(0, 3);
  };
  const say = (text: string) => void logged.push(text);
  const following = new Following(
    { clock, log: { info: say, warn: say, error: say }, read, everyMs: EVERY_MS, missed: () => faults.missed++ },
    seq,
    { entry: (one) => told.push(one.seq), lost: (why) => lost.push(why) },
  );
  const later = async () => {
    clock.advance(EVERY_MS);
    await setImmediate();
  };
  return { kept, told, lost, logged, faults, following, later };
}

describe("Following", () => {
  test("tells all that is there, then what it hears, once", async () => {
    const { kept, told, following } = reader(entries(1, 8), { seq: 2 });
    await setImmediate();
    expect(told).toEqual([3, 4, 5, 6, 7, 8]);
    kept.push(entry(9));
    following.hear(entry(9));
    following.hear(entry(9));
    following.hear(entry(4));
    expect(told).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  test("looks for what it did not hear before what it hears", async () => {
    const { kept, told, following } = reader([]);
    await setImmediate();
    kept.push(...entries(1, 5));
    following.hear(entry(5));
    await setImmediate();
    expect(told).toEqual([1, 2, 3, 4, 5]);
  });

  test("looks every so often, and says that it should have heard", async () => {
    const { kept, told, faults, later } = reader([]);
    await setImmediate();
    await later();
    expect(faults.missed).toBe(0);
    kept.push(entry(1));
    await later();
    expect({ told, missed: faults.missed }).toEqual({ told: [1], missed: 1 });
  });

  test("goes on after a store that could not be read, and logs that once", async () => {
    const { told, logged, later } = reader(entries(1, 2), { failing: 3 });
    await setImmediate();
    await later();
    await later();
    expect(told).toEqual([]);
    await later();
    expect(told).toEqual([1, 2]);
    expect(logged).toEqual(["the ledger cannot be followed for now", "the ledger can be followed again"]);
  });

  test.each([
    ["entries are gone", (kept: Marked[]) => kept.splice(3), "put back"],
    ["everything is gone", (kept: Marked[]) => kept.splice(0), "put back"],
    ["others took their numbers", (kept: Marked[]) => kept.splice(3, 2, entry(4, "b"), entry(5, "b")), "another"],
    ["what it was told was compacted", (kept: Marked[]) => kept.splice(0, 5, ...entries(7, 9)), "compacted"],
    ["one is missing", (kept: Marked[]) => kept.push(entry(7)), "entry 6 is missing"],
  ])("is lost when %s, and says nothing more", async (_, change, why) => {
    const { kept, told, lost, following, later } = reader(entries(1, 5));
    await setImmediate();
    change(kept);
    await later();
    expect(lost).toEqual([expect.stringContaining(why)]);
    kept.splice(0, kept.length, ...entries(1, 9));
    following.hear(entry(6));
    await later();
    expect(told).toEqual([1, 2, 3, 4, 5]);
    expect(lost).toHaveLength(1);
  });

  test("is lost from the start where its place is compacted away", async () => {
    const { lost } = reader(entries(4, 6), { seq: 2 });
    const { lost: lostAtZero } = reader(entries(4, 6));
    await setImmediate();
    expect([lost, lostAtZero]).toEqual([
      [expect.stringContaining("compacted")],
      [expect.stringContaining("compacted")],
    ]);
  });

  test("says nothing after its undo, not even in the middle of a page", async () => {
    const kept = entries(1, 3);
    const told: number[] = [];
    const following: Following = new Following(
      { clock: new VirtualClock(), log: { info() {}, warn() {}, error() {} }, read: async () => kept, everyMs: 1 },
      0,
      {
        entry({ seq }) {
          told.push(seq);
          if (seq === 2) following.stop();
        },
        lost: () => undefined,
      },
    );
    await setImmediate();
    expect(told).toEqual([1, 2]);
  });

  test("tells everything once and in order whatever is heard, when, and how often the store fails", async () => {
    const actions = {
      write: ({ kept }, n) => void kept.push(...entries(kept.length + 1, kept.length + n)),
      hear: ({ kept, following }, n) => void (n <= kept.length && following.hear(entry(n))),
      hearLast: ({ kept, following }) => void (kept.length > 0 && following.hear(entry(kept.length))),
      fail: ({ faults }, n) => Object.assign(faults, { reads: n }),
      turn: () => setImmediate(),
      wait: ({ later }) => later(),
    } satisfies Record<string, (on: ReturnType<typeof reader>, n: number) => unknown>;
    const names = fc.constantFrom(...(Object.keys(actions) as (keyof typeof actions)[]));
    const steps = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 6 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const one = reader([]);
        for (const [name, n] of script) await actions[name](one, n);
        one.faults.reads = 0;
        await one.later();
        await one.later();
        expect(one.told).toEqual(one.kept.map(({ seq }) => seq));
        expect(one.lost).toEqual([]);
      }),
    );
  });
});
