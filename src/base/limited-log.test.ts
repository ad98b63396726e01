import { expect, test } from "vitest";
import { limitedWarnings } from "./limited-log.ts";
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
