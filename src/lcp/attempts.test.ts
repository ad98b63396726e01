import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Attempts } from "./attempts.ts";

/** Attempts, each with when it began and where to. The longest pause that chance allows follows each that fails. */
function attempts() {
  const clock = new VirtualClock();
  const made: [ms: number, where: string | undefined][] = [];
  const attempt = (where: string | undefined) => void made.push([clock.now(), where]);
  const its = new Attempts({ clock, random: () => 0.999, attempt });
  its.start();
  return { its, made, clock };
}

test("a pause is no longer than it may be, where the other end is to be found soon after it is back", () => {
  const clock = new VirtualClock();
  const began: number[] = [];
  const its = new Attempts({
    ...{ clock, random: () => 0.999, longestPauseMs: 8_000 },
    attempt: () => {
      began.push(clock.now());
      its.failed();
    },
  });
  its.start();
  clock.advance(60_000);
  const pauses = began.slice(1).map((at, n) => Math.round((at - (began[n] ?? 0)) / 1_000));
  expect(pauses.slice(0, 6)).toEqual([1, 2, 4, 8, 8, 8]);
});

/** Nothing was to be had for so long that pauses are as long as they get. */
function longAway() {
  const all = attempts();
  for (let n = 0; n < 10; n++) {
    all.its.failed();
    all.clock.advance(60_000);
  }
  all.its.failed();
  all.made.length = 0;
  return all;
}

test("hurry ends a pause at once, and once", () => {
  const { its, made, clock } = longAway();
  clock.advance(1_000);
  const now = clock.now();
  its.hurry("a");
  its.hurry("a");
  expect(made).toEqual([[now, "a"]]);
});

test("hurry leaves a connection that stands, and one that was sent away, as they are", () => {
  const { its, made, clock } = attempts();
  its.stands();
  its.hurry("a");
  its.sentAway(30_000);
  its.hurry("a");
  clock.advance(29_999);
  expect(made).toEqual([[0, undefined]]);
  clock.advance(1);
  expect(made).toEqual([
    [0, undefined],
    [30_000, undefined],
  ]);
});

test("hurry while an attempt is under way has another follow if it fails, and none if it does not", () => {
  const { its, made, clock } = longAway();
  clock.advance(60_000);
  its.hurry("b");
  clock.advance(5_000);
  its.failed();
  expect(made.map(([, where]) => where)).toEqual([undefined, "b"]);
  its.hurry("b");
  its.stands();
  its.failed();
  expect(made).toHaveLength(2);
});

test("hurry right after an attempt waits a second, and twice as long with each that fails", () => {
  const { its, made, clock } = longAway();
  clock.advance(29_970);
  const began = clock.now();
  for (let seen = 0; clock.now() < began + 10_000; clock.advance(100)) {
    if (made.length > seen) its.failed();
    seen = made.length;
    its.hurry("a");
  }
  expect(made.map(([ms]) => ms - began)).toEqual([0, 1_000, 3_000, 7_000]);
});

test("hurry is not later than the pause would have been over", () => {
  const { its, made, clock } = attempts();
  its.failed();
  its.hurry("a");
  clock.advance(999);
  expect(made).toEqual([
    [0, undefined],
    [999, "a"],
  ]);
});

test("now ends a pause, and pauses are short again after it", () => {
  const { its, made, clock } = longAway();
  its.now();
  its.failed();
  clock.advance(1_000);
  expect(made).toHaveLength(2);
});

test("stop is the end of it", () => {
  const { its, made, clock } = longAway();
  its.stop();
  its.hurry("a");
  its.now();
  clock.advance(120_000);
  expect(made).toEqual([]);
});
