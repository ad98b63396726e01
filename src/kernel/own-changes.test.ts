import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { OwnChanges } from "./own-changes.ts";

function watched() {
  const clock = new VirtualClock();
  const own = new OwnChanges(clock);
  let told = 0;
  const { event, stop } = own.watcher(() => told++);
  return { clock, own, event, stop, told: () => told };
}

test("an event while nothing of ours changes is told at once", () => {
  const { event, told } = watched();
  event();
  expect(told()).toBe(1);
});

test.each([0, 50, 100])("events %i ms after a change of our own are told a second later, once for all", async (ms) => {
  const { clock, own, event, told } = watched();
  await own.during(async () => event());
  clock.advance(ms);
  event();
  event();
  expect(told()).toBe(0);
  clock.advance(1_000);
  expect(told()).toBe(1);
  clock.advance(60_000);
  expect(told()).toBe(1);
});

test("an event during a long change of our own is not forgotten, nor when the change fails", async () => {
  const { clock, own, event, told } = watched();
  await own
    .during(async () => {
      clock.advance(10_000);
      event();
      throw new Error("refused");
    })
    .catch(() => {});
  clock.advance(1_000);
  expect(told()).toBe(1);
});

test("later events are told at once", async () => {
  const { clock, own, event, told } = watched();
  await own.during(async () => {});
  clock.advance(101);
  event();
  expect(told()).toBe(1);
});

test("who no longer watches is told nothing", async () => {
  const { clock, own, event, stop, told } = watched();
  await own.during(async () => event());
  stop();
  clock.advance(60_000);
  expect(told()).toBe(0);
});
