import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { limitSnapshots, PATIENCE_MS } from "./admission.ts";
import type { ChannelEvents } from "./channel.ts";
import { Follower } from "./follower.ts";
import type { Position } from "./position.ts";
import { RelayServer } from "./relay-server.ts";
import { idOf, type Resource, type ResourceId } from "./resource.ts";
import { NOTHING_HELD } from "./subscription.ts";
import { WholeTable } from "./whole-table.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const at = 1 as Position;
/** More than is sent to somebody who takes nothing. */
const resources = Array.from({ length: 20 }, (_, n): Resource => {
  return { type: "port", key: `${n}`, version: at, body: { text: "x".repeat(30_000) } };
});

/** A source, and receivers on lines that may be stuck. */
class Bench {
  readonly clock = new VirtualClock();
  readonly server: RelayServer;
  /** Why connections ended, by receiver. */
  readonly ended = new Map<string, string>();

  constructor() {
    const table = new Map<ResourceId, Resource>(resources.map((resource) => [idOf(resource), resource]));
    const upstream = { held: () => ({ instance: "ccp", at, resources: table }), behind: () => undefined };
    const relay = new WholeTable(
      upstream,
      limitSnapshots(this.clock, () => 0.5),
    );
    this.server = new RelayServer(relay, this.clock, silent);
  }

  receiver(name: string, line: { msEach: number } = { msEach: 1 }): Line {
    return new Line(this, name, line.msEach);
  }
}

/** A receiver, behind a line that takes a message every so many milliseconds, or none. */
class Line {
  readonly follower: Follower;
  msEach: number;
  #buffered = 0;
  readonly #queue: string[] = [];
  readonly #clock: VirtualClock;
  #toServer: Omit<ChannelEvents, "opened"> | undefined;
  #toClient: Omit<ChannelEvents, "opened"> | undefined;

  constructor({ clock, server, ended }: Bench, name: string, msEach: number) {
    this.#clock = clock;
    this.msEach = msEach;
    this.follower = new Follower({
      ...{ clock, random: () => 0.5, log: silent, judge: () => undefined, committed: () => undefined },
      store: { load: () => NOTHING_HELD, commit: () => undefined },
    });
    const toServer = server.accept(name, {
      send: (text) => {
        this.#buffered += text.length;
        if (this.#queue.push(text) === 1) this.#flow();
      },
      buffered: () => this.#buffered,
      close: (reason) => {
        ended.set(name, reason);
        toServer.closed(reason);
      },
    });
    this.#toServer = toServer;
    this.#toClient = this.follower.accept({
      send: (text) => void clock.after(1, () => this.#toServer?.message(text)),
      buffered: () => 0,
      close: () => undefined,
    });
  }

  /** What it holds. */
  get size(): number {
    return this.follower.held.resources.size;
  }

  /** It takes messages now. */
  flow(): void {
    this.msEach = 1;
    this.#flow();
  }

  #flow(): void {
    if (!Number.isFinite(this.msEach)) return;
    this.#clock.after(this.msEach, () => {
      const text = this.#queue.shift() ?? "";
      if (this.#queue.length > 0) this.#flow();
      this.#buffered -= text.length;
      this.#toClient?.message(text);
      this.#toServer?.drained();
    });
  }
}

const STUCK = { msEach: Number.POSITIVE_INFINITY };

const many = (count: number, make: (n: number) => Line) => Array.from({ length: count }, (_, n) => make(n));
const done = (lines: readonly Line[]) => lines.filter(({ size }) => size === resources.length).length;

test("100 receivers have their snapshots within seconds, though 64 that came before take nothing", () => {
  const bench = new Bench();
  const stuck = many(64, (n) => bench.receiver(`stuck-${n}`, STUCK));
  bench.clock.advance(500);
  const good = many(100, (n) => bench.receiver(`good-${n}`));
  bench.clock.advance(3_500);
  expect([done(good), done(stuck), bench.ended.size]).toEqual([100, 0, 0]);
});

test("a receiver that took nothing for a while has its snapshot from there on when it takes again", () => {
  const bench = new Bench();
  const stuck = many(64, (n) => bench.receiver(`stuck-${n}`, STUCK));
  bench.clock.advance(500);
  many(100, (n) => bench.receiver(`good-${n}`));
  bench.clock.advance(9_500);
  for (const line of stuck) line.flow();
  bench.clock.advance(1_000);
  expect([done(stuck), bench.ended.size]).toEqual([64, 0]);
});

test("receivers that take nothing are kept as many as there are places, then let go, and all at the end", () => {
  const bench = new Bench();
  const stuck = many(200, (n) => bench.receiver(`stuck-${n}`, STUCK));
  bench.clock.advance(20_000);
  expect(done(stuck)).toBe(0);
  const begun = [...bench.server.receivers()].filter(({ publication }) => publication.pending > 0);
  expect(begun.length).toBeLessThanOrEqual(128);
  bench.clock.advance(40_000);
  expect([...bench.server.receivers()]).toEqual([]);
  expect(new Set(bench.ended.values())).toEqual(new Set(["has stopped reading"]));
});

test("64 receivers that take just enough to be heard hold up others for no longer than a slice", () => {
  const bench = new Bench();
  many(64, (n) => bench.receiver(`slow-${n}`, { msEach: PATIENCE_MS - 100 }));
  bench.clock.advance(500);
  const good = many(100, (n) => bench.receiver(`good-${n}`));
  bench.clock.advance(9_500);
  expect(done(good)).toBe(100);
});

test("400 receivers that come at once all have their snapshots, or are asked to come again", () => {
  const bench = new Bench();
  const all = many(400, (n) => bench.receiver(`${n}`));
  bench.clock.advance(6_500);
  expect([done(all), bench.ended.size]).toEqual([300, 100]);
  expect(new Set(bench.ended.values())).toEqual(new Set(["too many at once"]));
});
