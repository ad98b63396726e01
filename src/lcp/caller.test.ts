import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Caller } from "./caller.ts";
import type { Channel, ChannelEvents } from "./channel.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A caller whose connections the test opens and closes, in the order they were made; the first stands. */
function caller() {
  const clock = new VirtualClock();
  const made: { events: ChannelEvents; closed: string[] }[] = [];
  const taken: Channel[] = [];
  const connect = (events: ChannelEvents): Channel => {
    const one = { events, closed: [] as string[] };
    made.push(one);
    return { send: () => undefined, buffered: () => 0, close: (reason) => void one.closed.push(reason) };
  };
  /** As RelayServer does: the newest of a receiver takes the place of the one before. */
  const accept = (channel: Channel) => {
    taken.at(-1)?.close("the same node has come again");
    taken.push(channel);
    return { message: () => undefined, drained: () => undefined, closed: () => undefined };
  };
  let times = 0;
  const reached = () => void times++;
  const its = new Caller({ clock, log, random: () => 0.5, to: "mgr", connect, accept, reached });
  its.start();
  made[0]?.events.opened();
  made[0]?.events.message("hello");
  return { its, made, taken, clock, reached: () => times };
}

test("again leaves what stands until the next connection is open", () => {
  const { its, made, taken, clock } = caller();
  its.again();
  expect([made.length, made[0]?.closed, its.connection.connected]).toEqual([2, [], true]);
  made[1]?.events.opened();
  expect([taken.length, made[0]?.closed.length, made[1]?.closed.length]).toEqual([2, 1, 0]);
  clock.advance(60_000);
  expect([made.length, its.connection]).toEqual([2, { connected: true, lost: null }]);
});

test("again waits for the next connection where the one before is closed first, and tries anew without either", () => {
  const { its, made, clock } = caller();
  its.again();
  made[0]?.events.closed("the same node has come again");
  clock.advance(60_000);
  expect([made.length, its.connection.lost]).toEqual([2, null]);
  made[1]?.events.closed("refused");
  clock.advance(60_000);
  expect([made.length, its.connection.lost]).toEqual([3, "refused"]);
});

test("again changes nothing when the next connection is not to be had", () => {
  const { its, made, clock } = caller();
  its.again();
  made[1]?.events.closed("refused");
  clock.advance(60_000);
  expect([made.length, made[0]?.closed, its.connection.connected]).toEqual([2, [], true]);
});

test("again while it is pausing goes there at once; one that is under way and opens later is let go", () => {
  const { its, made, taken } = caller();
  made[0]?.events.closed("403");
  its.again();
  its.again();
  made[2]?.events.opened();
  made[1]?.events.opened();
  expect([made.length, made[1]?.closed.length, made[2]?.closed.length, taken.length]).toEqual([3, 1, 0, 2]);
});

test("reached is said once per connection, when the receiver has spoken", () => {
  const { made, clock, reached } = caller();
  made[0]?.events.message("ack");
  made[0]?.events.closed("gone");
  clock.advance(60_000);
  made[1]?.events.opened();
  expect(reached()).toBe(1);
  made[1]?.events.message("hello");
  expect(reached()).toBe(2);
});
