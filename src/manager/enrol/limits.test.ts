import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { Nonces } from "./nonces.ts";
import { SourceRate } from "./source-rate.ts";

test("a nonce is good once, for a minute, and for who asked", () => {
  const clock = new VirtualClock();
  const nonces = new Nonces(clock);
  const give = () => nonces.give("10.0.0.1") ?? "none";
  const [stolen, used, late] = [give(), give(), give()];
  expect(nonces.use(stolen, "10.0.0.2")).toBe(false);
  expect(nonces.use(stolen, "10.0.0.1")).toBe(true);
  clock.advance(59_999);
  expect([nonces.use(used, "10.0.0.1"), nonces.use(used, "10.0.0.1")]).toEqual([true, false]);
  clock.advance(1);
  expect(nonces.use(late, "10.0.0.1")).toBe(false);
});

test("a source gets eight nonces that it does not use, and keeps nobody else from theirs", () => {
  const clock = new VirtualClock();
  const nonces = new Nonces(clock);
  const given = Array.from({ length: 10 }, () => nonces.give("10.0.0.1"));
  expect(given.filter((nonce) => nonce !== undefined)).toHaveLength(8);
  expect(nonces.give("10.0.0.2")).toBeDefined();
  clock.advance(60_000);
  expect(nonces.give("10.0.0.1")).toBeDefined();
});

test("a source may ask thirty times at once, then once a second; others are not its business", () => {
  const clock = new VirtualClock();
  const rate = new SourceRate(clock);
  const asked = (source: string, times: number) =>
    Array.from({ length: times }, () => rate.takes(source)).filter(Boolean);
  expect(asked("10.0.0.1", 50)).toHaveLength(30);
  clock.advance(2_000);
  expect(asked("10.0.0.1", 50)).toHaveLength(2);
  expect(asked("10.0.0.2", 50)).toHaveLength(30);
});

test("sources beyond ten thousand are forgotten, and still limited from then on", () => {
  const rate = new SourceRate(new VirtualClock());
  for (let n = 0; n < 20_000; n++) rate.takes(`source ${n}`);
  const again = Array.from({ length: 50 }, () => rate.takes("source 19999")).filter(Boolean);
  expect(again).toHaveLength(29);
});
