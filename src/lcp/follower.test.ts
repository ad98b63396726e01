import { expect, test } from "vitest";
import type { Log } from "../base/log.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { Follower } from "./follower.ts";
import { NOTHING_HELD } from "./subscription.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const current = JSON.stringify({ kind: "current", instance: "ccp", at: 1 });

/** A follower whose connections the test opens and closes, in the order they were made. */
function follower(log: Log = silent) {
  const clock = new VirtualClock();
  const made: { events: ChannelEvents; said: string[]; closed: string[] }[] = [];
  const connect = (events: ChannelEvents): Channel => {
    const one = { events, said: [] as string[], closed: [] as string[] };
    made.push(one);
    return {
      send: (text) => void one.said.push((JSON.parse(text) as { kind: string }).kind),
      buffered: () => 0,
      close: (reason) => void one.closed.push(reason),
    };
  };
  const store = { load: () => NOTHING_HELD, commit: () => undefined };
  let times = 0;
  const reached = () => void times++;
  const world = {
    clock,
    log,
    random: () => 0.5,
    store,
    judge: () => undefined,
    connect,
    reached,
    host: () => "10.0.0.1:1235",
  };
  const its = new Follower({ ...world, committed: () => undefined });
  its.start();
  made[0]?.events.opened();
  made[0]?.events.message(current);
  return { its, made, clock, reached: () => times };
}

test("again leaves what stands until the next connection is open, and says hello there", () => {
  const { its, made } = follower();
  its.again();
  expect([made.length, its.connection.connected, made[0]?.closed]).toEqual([2, true, []]);
  made[1]?.events.opened();
  expect([its.connection.connected, made[0]?.closed.length, made[1]?.said]).toEqual([true, 1, ["hello"]]);
  made[0]?.events.closed("late");
  expect(its.connection.connected).toBe(true);
});

test("again waits for the next connection where the source lets the one before go first", () => {
  const { its, made, clock } = follower();
  its.again();
  made[0]?.events.closed("the same node has come again");
  clock.advance(60_000);
  expect(made).toHaveLength(2);
  made[1]?.events.opened();
  expect([its.connection, made[1]?.said]).toEqual([{ connected: true, lost: null }, ["hello"]]);
});

test("again changes nothing when the next connection is not to be had", () => {
  const { its, made, clock } = follower();
  its.again();
  made[1]?.events.closed("refused");
  expect([its.connection.connected, made[0]?.closed]).toEqual([true, []]);
  made[0]?.events.closed("gone");
  clock.advance(60_000);
  expect([its.connection.lost, made.length]).toEqual(["gone", 3]);
});

test("again that loses both connections tries anew, as ever", () => {
  const { its, made, clock } = follower();
  its.again();
  made[0]?.events.closed("gone");
  made[1]?.events.closed("refused");
  expect(its.connection).toEqual({ connected: false, lost: "refused" });
  clock.advance(60_000);
  expect(made).toHaveLength(3);
});

test("again while it is pausing goes there at once; before it is open it takes the place of one that is under way", () => {
  const { its, made } = follower();
  made[0]?.events.closed("403");
  its.again();
  expect(made).toHaveLength(2);
  its.again();
  its.again();
  expect([made.length, made[2]?.closed.length]).toEqual([4, 1]);
  made[3]?.events.opened();
  expect([made[1]?.closed.length, made[3]?.said]).toEqual([1, ["hello"]]);
});

test("reached is said once per connection, when the source has spoken", () => {
  const { made, clock, reached } = follower();
  made[0]?.events.message(current);
  expect(reached()).toBe(1);
  made[0]?.events.closed("gone");
  clock.advance(60_000);
  made[1]?.events.opened();
  expect(reached()).toBe(1);
  made[1]?.events.message(current);
  expect(reached()).toBe(2);
});

test("a source that is lost is a warning that names its host; a try that fails is not; its return says how long it was away", () => {
  const said: unknown[] = [];
  const told = (level: string) => (text: string, facts: unknown) => void said.push([level, text, facts]);
  const { made, clock } = follower({ info: told("info"), warn: told("warn"), error: told("error") });
  made[0]?.events.closed("gone");
  clock.advance(60_000);
  made[1]?.events.closed("ECONNREFUSED");
  clock.advance(60_000);
  made[2]?.events.opened();
  made[2]?.events.message(current);
  const host = "10.0.0.1:1235";
  expect(said).toEqual([
    ["warn", "upstream is lost: gone", { host }],
    ["info", "upstream: ECONNREFUSED", { host }],
    ["info", "upstream is back", { host, awaySeconds: 120 }],
  ]);
});
