import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { limitSnapshots } from "./admission.ts";
import type { Position } from "./position.ts";
import type { FromSource } from "./protocol.ts";
import { type Admission, type Asking, Publication, type Turn } from "./publication.ts";
import { idOf, type Resource, ResourceId, type ResourceType } from "./resource.ts";
import { type Commit, NOTHING_HELD, Subscription } from "./subscription.ts";

const at = (n: number) => n as Position;
const resource = (type: ResourceType, key: string, version: number, body: unknown = {}): Resource => ({
  ...{ type, key, body },
  version: at(version),
});

/** A source with one receiver, between which messages go only when a test says so. */
class Pair {
  readonly clock = new VirtualClock();
  readonly table = new Map<ResourceId, Resource>();
  at = at(1);
  wakes = 0;
  readonly subscription = new Subscription(NOTHING_HELD, { judge: () => undefined });
  readonly commits: Commit[] = [];
  readonly publication: Publication;

  constructor(admission = limitSnapshots(this.clock, () => 0.5)) {
    const source = {
      ...{ instance: () => "ccp", at: () => this.at, get: (id: ResourceId) => this.table.get(id) },
      ...{ all: () => this.table.values(), behind: () => undefined },
    };
    this.publication = new Publication(source, admission, () => {
      this.wakes++;
    });
  }

  change(upserts: readonly Omit<Resource, "version">[], deletes: readonly ResourceId[] = []): void {
    this.at = at(this.at + 1);
    for (const one of upserts) {
      this.publication.changed(idOf(one), this.table.has(idOf(one)));
      this.table.set(idOf(one), { ...one, version: this.at });
    }
    for (const id of deletes) {
      this.publication.changed(id, this.table.has(id));
      this.table.delete(id);
    }
  }

  /** The next message, and what comes of it; `silent`: the receiver's answer is lost. */
  step({ silent = false } = {}): FromSource | undefined {
    const message = this.publication.next(this.clock.now());
    if (!message) return undefined;
    const { commit, reply } = this.subscription.receive(message);
    if (commit) this.commits.push(commit);
    if (reply && !silent) this.publication.receive(reply, this.clock.now());
    return message;
  }

  settle(): FromSource[] {
    const said: FromSource[] = [];
    for (let message = this.step(); message; message = this.step()) said.push(message);
    return said;
  }

  greet(): this {
    this.publication.receive(this.subscription.hello(), this.clock.now());
    this.settle();
    return this;
  }
}

const kinds = (messages: readonly FromSource[]) => messages.map(({ kind }) => kind);
const port = (key: string, body: unknown = {}) => resource("port", key, 0, body);

test("a snapshot comes in parts of 64 KB, what others refer to first", () => {
  const pair = new Pair();
  for (let n = 0; n < 100; n++) {
    const text = "x".repeat(1_000);
    for (const type of ["rule", "port", "tep"] as const)
      pair.table.set(ResourceId(type, `${n}`), resource(type, `${n}`, 1, text));
  }
  pair.publication.receive(pair.subscription.hello(), 0);
  const said = pair.settle();
  expect(kinds(said)).toEqual(["snapshotBegin", ...Array(5).fill("snapshotPart"), "snapshotEnd"]);
  const parts = said.flatMap((message) => (message.kind === "snapshotPart" ? message.resources : []));
  expect(parts.map(({ type }) => type)).toEqual(["tep", "port", "rule"].flatMap((type) => Array(100).fill(type)));
  expect(pair.commits).toHaveLength(1);
});

test("changes are told in one delta: the newest of each, additions before removals, each in its order", () => {
  const pair = new Pair().greet();
  pair.change([port("gone"), resource("tep", "gone", 0)]);
  pair.settle();
  for (let n = 0; n < 1_000; n++) pair.change([port("toggled", n)]);
  pair.change([resource("rule", "new", 0), resource("tep", "new", 0)]);
  pair.change([port("short-lived")]);
  pair.change([], [ResourceId("tep", "gone"), ResourceId("port", "gone"), ResourceId("port", "short-lived")]);
  expect(pair.publication.pending).toBe(6);
  const [delta, ...more] = pair.settle();
  expect(more).toEqual([]);
  expect(delta).toMatchObject({ kind: "delta", from: 2, to: pair.at, deletes: ["port/gone", "tep/gone"] });
  expect(delta?.kind === "delta" && delta.upserts.map(idOf)).toEqual(["tep/new", "port/toggled", "rule/new"]);
  expect(pair.subscription.held.resources.get(ResourceId("port", "toggled"))?.body).toBe(999);
});

test("a delta too large for one message comes in several, and counts as told with the last", () => {
  const pair = new Pair().greet();
  const text = "x".repeat(60_000);
  pair.change(Array.from({ length: 12 }, (_, n) => port(`${n}`, text)));
  const deltas = pair.settle();
  expect(deltas.map((d) => d.kind === "delta" && [d.from, d.to, d.upserts.length])).toEqual([
    [1, 1, 5],
    [1, 1, 5],
    [1, 2, 2],
  ]);
});

test("nothing more is sent until what was sent is acknowledged", () => {
  const pair = new Pair().greet();
  pair.change([port("a")]);
  expect(pair.step({ silent: true })).toMatchObject({ kind: "delta" });
  pair.change([port("b")]);
  expect(pair.publication.next(pair.clock.now())).toBeUndefined();
  expect(pair.publication.at).toBeUndefined();
  pair.publication.receive({ kind: "ack", at: at(2), refused: [] }, 0);
  expect(pair.publication.at).toBe(2);
  expect(pair.settle()).toMatchObject([{ kind: "delta", from: 2, to: 3 }]);
});

test.each([
  [30_000, false],
  [30_001, true],
])("a receiver that acknowledged nothing for %i ms has stalled: %s", (ms, stalled) => {
  const pair = new Pair().greet();
  pair.change([port("a")]);
  pair.step({ silent: true });
  expect(pair.publication.stalled(pair.clock.now() + ms)).toBe(stalled);
});

test("a receiver that takes no more of a snapshot has stalled as well", () => {
  const pair = new Pair();
  pair.table.set(ResourceId("port", "a"), resource("port", "a", 1));
  pair.publication.receive(pair.subscription.hello(), 0);
  pair.publication.next(0);
  pair.publication.next(20_000);
  expect([pair.publication.stalled(50_000), pair.publication.stalled(50_001)]).toEqual([false, true]);
});

test("a receiver is believed to refuse what it was sent, and nothing else", () => {
  const pair = new Pair().greet();
  pair.change([port("a")]);
  pair.step({ silent: true });
  const refused = ["a", "b"].map((key) => ({ id: ResourceId("port", key), version: at(2), why: "no" }));
  pair.publication.receive({ kind: "ack", at: at(2), refused }, 0);
  expect([...pair.publication.refused.keys()]).toEqual(["port/a"]);
});

test("the first change wakes, the next do not", () => {
  const pair = new Pair().greet();
  pair.change([port("a")]);
  pair.change([port("b")]);
  expect(pair.wakes).toBe(1);
  pair.settle();
  pair.change([port("c")]);
  expect(pair.wakes).toBe(2);
});

test("who is up to date is told so, and gets no snapshot", () => {
  const pair = new Pair();
  pair.change([port("a")]);
  pair.greet();
  const again = new Publication(
    {
      instance: () => "ccp",
      at: () => pair.at,
      get: (id) => pair.table.get(id),
      all: () => pair.table.values(),
      behind: () => undefined,
    },
    { begin: () => ({ retryAfterMs: 1 }) },
    () => undefined,
  );
  again.receive(pair.subscription.hello(), 0);
  expect(again.next(0)).toEqual({ kind: "current", instance: "ccp", at: 2 });
});

test("who differs is sent the buckets that do, and no more", () => {
  const pair = new Pair();
  pair.change(Array.from({ length: 500 }, (_, n) => port(`${n}`)));
  pair.greet();
  pair.table.set(ResourceId("port", "7"), resource("port", "7", 3));
  const ask = pair.subscription.compare();
  pair.clock.advance(10_000);
  if (ask) pair.publication.receive(ask, pair.clock.now());
  const [begin] = pair.settle();
  expect(begin).toMatchObject({ kind: "snapshotBegin", only: [expect.any(Number)] });
  expect(begin?.kind === "snapshotBegin" && begin.count).toBeLessThan(30);
  expect(pair.commits.at(-1)?.upserts.map(idOf)).toEqual(["port/7"]);
});

test("who asks to compare again within ten seconds is not heard", () => {
  const pair = new Pair().greet();
  pair.table.set(ResourceId("port", "a"), resource("port", "a", 1));
  for (const [now, messages] of [
    [9_999, 0],
    [10_000, 3],
  ] as const) {
    pair.clock.advance(now - pair.clock.now());
    const ask = pair.subscription.compare();
    if (ask) pair.publication.receive(ask, now);
    expect(pair.settle()).toHaveLength(messages);
  }
});

/** An admission whose turns come and go when a test says so. */
class Usher implements Admission {
  isOn = true;
  ends = 0;
  asking: Asking | undefined;

  begin(asking: Asking): Turn {
    this.asking = asking;
    const usher = this;
    return {
      isOn: () => usher.isOn,
      get waits() {
        return !usher.isOn;
      },
      end: () => void this.ends++,
    };
  }
}

/** A receiver that is to be sent three parts. */
function large(usher: Usher): Pair {
  const pair = new Pair(usher);
  for (let n = 0; n < 3; n++)
    pair.table.set(ResourceId("port", `${n}`), resource("port", `${n}`, 1, "x".repeat(65_536)));
  pair.publication.receive(pair.subscription.hello(), 0);
  return pair;
}

test("a receiver whose turn has not come is sent nothing, and then what there is by then", () => {
  const usher = new Usher();
  usher.isOn = false;
  const pair = large(usher);
  expect(pair.settle()).toEqual([]);
  pair.change([], [ResourceId("port", "2")]);
  expect([pair.publication.pending, pair.publication.at, pair.publication.stalled(60_000)]).toEqual([
    0,
    undefined,
    false,
  ]);
  usher.isOn = true;
  usher.asking?.called();
  expect(pair.wakes).toBeGreaterThan(0);
  expect(pair.settle()[0]).toMatchObject({ kind: "snapshotBegin", at: 2, count: 2 });
  expect([pair.subscription.held.resources.size, usher.ends]).toEqual([2, 1]);
});

test("a snapshot that was interrupted goes on from there, and what changed meanwhile follows it", () => {
  const usher = new Usher();
  const pair = large(usher);
  expect(kinds([pair.step(), pair.step()].flatMap((message) => message ?? []))).toEqual([
    "snapshotBegin",
    "snapshotPart",
  ]);
  usher.isOn = false;
  expect(pair.step()).toBeUndefined();
  pair.change([port("new")], [ResourceId("port", "1")]);
  expect([pair.publication.at, pair.publication.stalled(60_000)]).toEqual([undefined, false]);
  usher.isOn = true;
  expect(kinds(pair.settle())).toEqual(["snapshotPart", "snapshotPart", "snapshotEnd", "delta"]);
  expect([...pair.subscription.held.resources.keys()].toSorted()).toEqual(["port/0", "port/2", "port/new"]);
});

test("a receiver that is not waited for has nothing kept for it, and is told when to come again", () => {
  const usher = new Usher();
  const pair = large(usher);
  pair.step();
  usher.asking?.sentAway(7_000);
  expect([pair.publication.pending, pair.publication.stalled(0), pair.publication.at]).toEqual([0, true, undefined]);
  expect(pair.step()).toEqual({ kind: "retry", afterMs: 7_000 });
});

test("a receiver that turns out to need nothing when its turn comes gives it back", () => {
  const usher = new Usher();
  const pair = new Pair(usher).greet();
  const strange = ResourceId("port", "strange");
  pair.table.set(strange, resource("port", "strange", 1));
  pair.clock.advance(10_000);
  const ask = pair.subscription.compare();
  if (ask) pair.publication.receive(ask, pair.clock.now());
  usher.isOn = false;
  expect(pair.settle()).toEqual([]);
  pair.table.delete(strange);
  usher.isOn = true;
  const { ends } = usher;
  expect([kinds(pair.settle()), usher.ends, pair.publication.at]).toEqual([["current"], ends + 1, 1]);
});

test.each<[string, (pair: Pair) => void]>([
  ["an ack of nothing", (p) => p.publication.receive({ kind: "ack", at: at(1), refused: [] }, 0)],
  ["a second hello", (p) => p.publication.receive(p.subscription.hello(), 0)],
  [
    "another protocol",
    () => new Pair().publication.receive({ kind: "hello", protocol: 2, instance: null, at: at(0), digest: "" }, 0),
  ],
  ["a digest that is none", (p) => p.publication.receive({ kind: "digest", digest: "AAAA" }, 0)],
])("a session ends with LCP_BAD_MESSAGE at %s", (_what, say) => {
  expect(() => say(new Pair().greet())).toThrow("LCP_BAD_MESSAGE");
});
