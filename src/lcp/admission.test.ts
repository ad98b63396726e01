import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { limitSnapshots, PATIENCE_MS, SLICE_MS } from "./admission.ts";
import type { Admission, Turn } from "./publication.ts";

/** Two places, and three that begin a second. */
class Bench {
  readonly clock = new VirtualClock();
  readonly said: string[] = [];
  readonly #admission: Admission;

  constructor(limits: { most?: number; perSecond?: number } = {}) {
    this.#admission = limitSnapshots(this.clock, () => 0.5, {
      ...{ most: 2, perSecond: 3, retryMs: [5_000, 60_000] },
      ...limits,
    });
  }

  ask(name: string): Turn | { readonly retryAfterMs: number } {
    return this.#admission.begin({
      called: () => void this.said.push(name),
      sentAway: (ms) => void this.said.push(`${name} away ${ms}`),
    });
  }

  /** One that is not turned away. */
  turn(name: string): Turn {
    const turn = this.ask(name);
    if ("retryAfterMs" in turn) throw new Error(`${name} is turned away`);
    return turn;
  }

  /** Who takes something all the time. */
  keep(turn: Turn): void {
    turn.isOn();
    this.clock.after(100, () => this.keep(turn));
  }
}

test("limitSnapshots lets as many begin as there are places, and calls the next when one is done", () => {
  const bench = new Bench();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => bench.turn(name));
  expect([a, b, c, d].map((turn) => turn?.isOn())).toEqual([true, true, false, false]);
  expect([b?.waits, c?.waits]).toEqual([false, true]);
  expect(bench.said).toEqual([]);
  a?.end();
  expect([bench.said, c?.isOn(), d?.isOn()]).toEqual([["c"], true, false]);
});

test("limitSnapshots lets so many begin in a second, in the order they came", () => {
  const bench = new Bench({ most: 100 });
  const turns = Array.from({ length: 8 }, (_, n) => bench.turn(`${n}`));
  expect(turns.map((turn) => turn.isOn()).filter((on) => on)).toHaveLength(3);
  bench.clock.advance(1_000);
  expect(bench.said).toEqual(["3", "4", "5"]);
  bench.clock.advance(1_000);
  expect(bench.said).toEqual(["3", "4", "5", "6", "7"]);
});

test("limitSnapshots turns away who would wait for more than five seconds", () => {
  const bench = new Bench({ most: 100 });
  for (let n = 0; n < 3 + 5 * 3; n++) bench.turn(`${n}`);
  expect(bench.ask("late")).toEqual({ retryAfterMs: 32_500 });
  bench.clock.advance(334);
  expect(bench.ask("later")).toHaveProperty("waits", true);
});

test.each([
  [PATIENCE_MS - 1, []],
  [PATIENCE_MS, ["c"]],
])("who has taken nothing for %i ms while others wait: called are %j", (ms, called) => {
  const bench = new Bench();
  const [stalled, good] = [bench.turn("stalled"), bench.turn("good")];
  bench.keep(good);
  const c = bench.turn("c");
  bench.clock.advance(ms);
  expect(bench.said).toEqual(called);
  expect([good.isOn(), c.isOn()]).toEqual([true, called.length > 0]);
  expect(stalled.waits).toBe(false);
});

test("who takes nothing keeps its place as long as nobody waits", () => {
  const bench = new Bench();
  const [a] = [bench.turn("a"), bench.turn("b")];
  bench.clock.advance(20_000);
  expect(a?.isOn()).toBe(true);
  bench.turn("c");
  expect(bench.said).toEqual([]);
});

test("who had to give its place away goes to the end of the line when it takes something again, and goes on", () => {
  const bench = new Bench();
  const [stalled, good] = [bench.turn("stalled"), bench.turn("good")];
  bench.keep(good);
  const c = bench.turn("c");
  bench.clock.advance(PATIENCE_MS);
  bench.keep(c);
  expect([stalled.isOn(), stalled.waits]).toEqual([false, true]);
  good.end();
  expect(bench.said).toEqual(["c", "stalled"]);
  expect(stalled.isOn()).toBe(true);
});

test("nobody keeps a place for longer than a slice while others wait, however much it takes", () => {
  const bench = new Bench({ most: 1 });
  const a = bench.turn("a");
  bench.keep(a);
  bench.turn("b");
  bench.clock.advance(SLICE_MS - 1);
  expect(bench.said).toEqual([]);
  bench.clock.advance(1);
  expect(bench.said).toEqual(["b"]);
  // The other takes nothing.
  bench.clock.advance(PATIENCE_MS + 100);
  expect(bench.said).toEqual(["b", "a"]);
});

test("no more are kept that had to give their places away than there are places: the first is sent away", () => {
  const bench = new Bench({ most: 1, perSecond: 10 });
  for (const name of ["a", "b", "c", "d"]) bench.turn(name);
  bench.clock.advance(3 * PATIENCE_MS);
  expect(bench.said).toEqual(["b", "a away 32500", "c", "b away 32500", "d"]);
});

test("whoever leaves the line, or a place twice, does not count", () => {
  const bench = new Bench({ most: 1 });
  const [a, b] = [bench.turn("a"), bench.turn("b")];
  bench.turn("c");
  b.end();
  a.end();
  a.end();
  expect([bench.said, a.isOn(), b.isOn()]).toEqual([["c"], false, false]);
});
