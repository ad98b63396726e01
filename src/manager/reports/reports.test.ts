import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { Channel, ChannelEvents } from "../../lcp/channel.ts";
import { bucketOf, digestOf, encodeDigest } from "../../lcp/digest.ts";
import { OwnTable, type Statement } from "../../lcp/own-table.ts";
import type { Position } from "../../lcp/position.ts";
import { RelayServer } from "../../lcp/relay-server.ts";
import type { Resource } from "../../lcp/resource.ts";
import { Reports } from "./reports.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

class Bench {
  readonly clock = new VirtualClock();
  readonly reports: Reports;
  readonly told: string[] = [];

  constructor(most = 10) {
    this.reports = new Reports({ clock: this.clock, random: () => 0.5, log: silent, most });
    this.reports.listen((gateway) => void this.told.push(gateway));
  }

  /** A gateway that says what it should. */
  gateway(id: string) {
    const table = new OwnTable(`${id} ${this.clock.now()}`, this.clock.wall());
    const server = new RelayServer(table, this.clock, silent);
    let toReports: Omit<ChannelEvents, "opened"> | undefined;
    const channelTo = (events: () => Omit<ChannelEvents, "opened"> | undefined): Channel => ({
      send: (text) => void this.clock.after(1, () => events()?.message(text)),
      buffered: () => 0,
      close: (reason) => void this.clock.after(1, () => events()?.closed(reason)),
    });
    const toGateway = server.accept(
      "ccp",
      channelTo(() => toReports),
    );
    toReports = this.reports.accept(
      id,
      channelTo(() => toGateway),
    );
    return {
      say: (...statements: Statement[]) => {
        const commit = table.changeTo(statements);
        if (commit) server.committed(commit);
        this.clock.advance(1_000);
      },
      leave: () => {
        server.stop();
        this.clock.advance(1_000);
      },
    };
  }

  /** One that says what it likes. */
  enemy(id: string, ...messages: object[]): string[] {
    const ended: string[] = [];
    const channel = { send: () => undefined, buffered: () => 0, close: (reason: string) => void ended.push(reason) };
    const events = this.reports.accept(id, channel);
    for (const message of messages) events.message(JSON.stringify(message));
    return ended;
  }
}

const agent = (id: string): Statement => ({ type: "agent", key: id, body: { id, current: true, refused: 0 } });
const lease: Statement = {
  ...{ type: "lease", key: "web/10.0.0.3" },
  body: { segment: "web", ip: "10.0.0.3", mac: "02:00:00:00:00:01", until: null },
};

test("Reports knows of each gateway what it says, and of one that has gone what it said", () => {
  const { reports, told, gateway } = bench();
  const [a, b] = [gateway("pcg-a"), gateway("pcg-b")];
  a.say(agent("vm-1"), lease);
  b.say(agent("vm-2"));
  expect(reports.agents("pcg-a")).toEqual([agent("vm-1").body]);
  expect(reports.leases("pcg-a")).toEqual([lease.body]);
  expect(reports.agents("pcg-b")).toEqual([agent("vm-2").body]);
  a.say(lease);
  expect(reports.agents("pcg-a")).toEqual([]);
  const before = told.length;
  a.leave();
  expect(told.slice(before)).toEqual(["pcg-a"]);
  expect(reports.isConnected("pcg-a")).toBe(false);
  expect(reports.leases("pcg-a")).toEqual([lease.body]);
  expect(reports.gateways()).toEqual(["pcg-a", "pcg-b"]);
});

test("Reports believes a gateway that has started anew, and has less to say", () => {
  const { reports, gateway } = bench();
  gateway("pcg-a").say(agent("vm-1"), lease);
  gateway("pcg-a").say(agent("vm-1"));
  expect(reports.leases("pcg-a")).toEqual([]);
  expect(reports.isConnected("pcg-a")).toBe(true);
});

test("Reports knows nothing of a gateway that is forgotten, until it comes again", () => {
  const { reports, gateway } = bench();
  gateway("pcg-a").say(lease);
  reports.forget("pcg-a");
  expect(reports.gateways()).toEqual([]);
  expect(reports.leases("pcg-a")).toEqual([]);
  gateway("pcg-a").say(lease);
  expect(reports.leases("pcg-a")).toEqual([lease.body]);
});

test("Reports leaves out what is not in the form of a report, and takes the rest", () => {
  const { reports, gateway } = bench();
  gateway("pcg-a").say(
    agent("vm-1"),
    { ...agent("vm-2"), key: "vm-3" },
    { type: "lease", key: "x", body: "x".repeat(100_000) },
    { type: "port", key: "vm-1", body: {} },
  );
  expect(reports.agents("pcg-a")).toEqual([agent("vm-1").body]);
  expect(reports.leases("pcg-a")).toEqual([]);
});

test("Reports takes what it can of a gateway most of whose report it cannot read", () => {
  const { reports, gateway } = bench(1_000);
  const { say } = gateway("pcg-a");
  const strange = (n: number): Statement => ({ ...agent(`vm-${n}`), body: { id: `vm-${n}`, from: "x".repeat(1_000) } });
  const most = Array.from({ length: 900 }, (_, n) => strange(n));
  say(agent("good"), ...most);
  say(agent("better"), ...most);
  expect(reports.isConnected("pcg-a")).toBe(true);
  expect(reports.agents("pcg-a")).toEqual([agent("better").body]);
});

test("Reports lets a gateway go that says more than is kept of it, and keeps what it had", () => {
  const { reports, gateway } = bench(10);
  const agents = Array.from({ length: 10 }, (_, n) => agent(`vm-${n}`));
  const { say } = gateway("pcg-a");
  say(...agents);
  say(...agents.slice(1), agent("vm-10"));
  say(...agents);
  expect(reports.agents("pcg-a")).toHaveLength(10);
  expect(reports.isConnected("pcg-a")).toBe(true);
  say(...agents, agent("vm-10"));
  expect(reports.isConnected("pcg-a")).toBe(false);
  expect(reports.agents("pcg-a")).toHaveLength(10);
});

const begin = { kind: "snapshotBegin", instance: "x", at: 1, buckets: 64, only: null };

test.each<[what: string, reason: string, messages: object[]]>([
  ["announces too much", "LCP_TOO_MUCH", [{ ...begin, count: 11 }]],
  [
    "says more than it announced",
    "LCP_OUT_OF_STEP",
    [
      { ...begin, count: 1 },
      { kind: "snapshotPart", resources: [agent("vm-1"), agent("vm-2")].map((one) => ({ ...one, version: 1 })) },
    ],
  ],
  ["says what only receivers say", "LCP_BAD_MESSAGE", [{ kind: "digest", digest: "" }]],
])("Reports lets a gateway go that %s", (_, reason, messages) => {
  const { reports, enemy } = bench(10);
  expect(enemy("pcg-a", ...messages)).toEqual([expect.stringContaining(reason)]);
  expect(reports.isConnected("pcg-a")).toBe(false);
  expect(reports.agents("pcg-a")).toEqual([]);
});

/** One of each of some buckets. */
const spread = [
  ...new Map(
    Array.from({ length: 100 }, (_, n): Resource => ({ ...agent(`vm-${n}`), version: 1 as Position })).map(
      (resource) => [bucketOf(resource, 64), resource] as const,
    ),
  ),
].slice(0, 11);

test("Reports lets a gateway go that says too much bucket by bucket", () => {
  const { reports, enemy } = bench(10);
  const all = spread.map(([, resource]) => resource);
  const messages = spread.flatMap(([bucket, resource], n) => [
    { ...begin, only: [bucket], count: 1 },
    { kind: "snapshotPart", resources: [resource] },
    { kind: "snapshotEnd", digest: encodeDigest(digestOf(all.slice(0, n + 1), 64)) },
  ]);
  expect(enemy("pcg-a", ...messages)).toEqual([expect.stringContaining("LCP_TOO_MUCH")]);
  expect(reports.agents("pcg-a")).toHaveLength(10);
});

function bench(most?: number) {
  const made = new Bench(most);
  return { ...made, gateway: made.gateway.bind(made), enemy: made.enemy.bind(made) };
}
