import { expect, test } from "vitest";
import { digestOf, encodeDigest } from "./digest.ts";
import type { Position } from "./position.ts";
import type { FromSource } from "./protocol.ts";
import type { Resource } from "./resource.ts";
import { type Judge, NOTHING_HELD, Subscription } from "./subscription.ts";

const at = (n: number) => n as Position;
const port = (key: string, version: number, body: unknown): Resource => ({
  ...{ type: "port", key, body },
  version: at(version),
});

const snapshot = (instance: string, to: number, resources: readonly Resource[]): FromSource[] => [
  { kind: "snapshotBegin", instance, at: at(to), buckets: 64, only: null, count: resources.length },
  { kind: "snapshotPart", resources: [...resources] },
  { kind: "snapshotEnd", digest: encodeDigest(digestOf(resources, 64)) },
];

function told(judge: Judge, ...messages: readonly FromSource[]) {
  const subscription = new Subscription(NOTHING_HELD, { judge });
  const outcomes = messages.map((message) => subscription.receive(message));
  return { subscription, last: outcomes.at(-1) };
}

const poisoned: Judge = ({ body }) => (body === "poison" ? "poison" : undefined);

test("Subscription takes what another source says for new, though it has the same version", () => {
  const { subscription, last } = told(
    poisoned,
    ...snapshot("first", 7, [port("1", 7, "old"), port("2", 7, "poison")]),
    ...snapshot("second", 7, [port("1", 7, "new"), port("2", 7, "good")]),
  );
  expect(last?.commit?.upserts.map(({ body }) => body)).toEqual(["new", "good"]);
  expect([...subscription.refused]).toEqual([]);
});

test("Subscription refuses a version once, and counts it as seen", () => {
  const all = [port("1", 7, "poison"), port("2", 7, "good")];
  const { subscription, last } = told(poisoned, ...snapshot("ccp", 7, all), ...snapshot("ccp", 8, all));
  expect(last?.commit?.upserts).toEqual([]);
  expect(last?.reply).toMatchObject({ kind: "ack", refused: [] });
  expect([...subscription.refused]).toEqual([{ id: "port/1", version: 7, why: "poison" }]);
});

test("Subscription is compared when a snapshot is complete, or when its source says that it is right", () => {
  const subscription = new Subscription(NOTHING_HELD, { judge: poisoned });
  const compared = snapshot("ccp", 7, [port("1", 7, "poison")]).map((message) => {
    subscription.receive(message);
    return subscription.compared;
  });
  expect(compared).toEqual([false, false, true]);
  const again = new Subscription(subscription.held, { judge: poisoned });
  expect(again.compared).toBe(false);
  again.receive({ kind: "current", instance: "ccp", at: at(7) });
  expect(again.compared).toBe(true);
});

test("Subscription keeps of a version that it refused the last that it could use", () => {
  const { subscription } = told(
    poisoned,
    ...snapshot("ccp", 7, [port("1", 7, "good")]),
    ...snapshot("ccp", 8, [port("1", 8, "poison")]),
    ...snapshot("ccp", 8, [port("1", 8, "poison")]),
  );
  expect([...subscription.held.resources.values()]).toEqual([port("1", 7, "good")]);
});
