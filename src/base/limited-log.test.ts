import { expect, test } from "vitest";
import { limitedNotes, limitedWarnings } from "./limited-log.ts";
import { formatLine } from "./log.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("limitedWarnings says the first few, then counts, then says the count", () => {
  const lines: string[] = [];
  const say = (text: string, facts = {}) => void lines.push(formatLine(text, facts));
  const clock = new VirtualClock();
  const warn = limitedWarnings({ info: say, warn: say, error: say }, clock, { most: 2, periodMs: 1_000 });
  for (let n = 1; n <= 5; n++) warn("bad packet", { n });
  clock.advance(1_000);
  warn("bad packet", { n: 6 });
  expect(lines).toEqual(["bad packet n=1", "bad packet n=2", "bad packet (more of the same) kept=3", "bad packet n=6"]);
});

test("limitedNotes says the first few of each minute, and at its end how many there were, without being asked again", () => {
  const lines: string[] = [];
  const say = (text: string, facts = {}) => void lines.push(formatLine(text, facts));
  const clock = new VirtualClock();
  const note = limitedNotes({ info: say, warn: say, error: say }, clock, { most: 2 });
  for (let n = 1; n <= 21 * 60; n++) note("realized", { n });
  clock.advance(60_000);
  note("realized", { n: 0 });
  clock.advance(60_000);
  expect(lines).toEqual([
    "realized n=1",
    "realized n=2",
    "realized (more of the same) times=1260 seconds=60",
    "realized n=0",
  ]);
});
