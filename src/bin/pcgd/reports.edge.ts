import { randomUUID } from "node:crypto";
import type { Status } from "../../api/status.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Caller } from "../../lcp/caller.ts";
import { type Credentials, connectTo, type Upstream } from "../../lcp/connect.edge.ts";
import { OwnTable, type Statement } from "../../lcp/own-table.ts";
import { GATEWAY_LONGEST_MS } from "../../lcp/pauses.ts";
import { RelayServer } from "../../lcp/relay-server.ts";
import { addressOf, REPORTS_PATH } from "../../lcp/sockets.ts";

/** Changes are gathered for so long at least. */
const GATHER_MS = 200;
/** What nobody says has changed is looked at this often. */
const LOOK_MS = 1_000;
/** Of the time no more than a tenth is spent on looking. */
const REST = 10;

export interface ReportsOptions {
  readonly upstreams: readonly Upstream[];
  readonly credentials: () => Credentials;
  readonly clock: Clock;
  readonly log: Log;
  /** All there is to report now. */
  readonly report: () => readonly Statement[];
  /** The controller at this address listens again. */
  readonly reached: (address: string) => void;
}

/** Tells every controller how things are here: what differs from what it was told. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #table: OwnTable;
  readonly #server: RelayServer;
  readonly #callers: ReadonlyMap<string, Caller>;
  #due = false;
  #restMs = GATHER_MS;
  #cancel: () => void = () => undefined;

  constructor(options: ReportsOptions) {
    this.#options = options;
    const { upstreams, credentials, clock, log, reached } = options;
    this.#table = new OwnTable(randomUUID(), clock.wall());
    this.#server = new RelayServer(this.#table, clock, log);
    this.#callers = new Map(
      upstreams.map((upstream) => {
        const address = addressOf(upstream);
        const connect = connectTo({ ...upstream, path: REPORTS_PATH }, credentials, clock);
        const accept = this.#server.accept.bind(this.#server, address);
        const world = {
          clock,
          log,
          to: address,
          connect,
          accept,
          random: Math.random,
          longestPauseMs: GATEWAY_LONGEST_MS,
        };
        return [address, new Caller({ ...world, reached: () => reached(address) })];
      }),
    );
  }

  start(): void {
    this.#look();
    for (const caller of this.#callers.values()) caller.start();
  }

  /** There are other credentials now. */
  renewed(): void {
    for (const caller of this.#callers.values()) caller.again();
  }

  /** The controller at this address can be reached. */
  reachable(address: string): void {
    this.#callers.get(address)?.hurry();
  }

  /** Something is new, or may be. */
  touch(): void {
    if (this.#due) return;
    this.#due = true;
    this.#later(this.#restMs);
  }

  /** Each controller, and whether it listens. */
  connections(): NonNullable<Status["controller"]>["reports"] {
    return [...this.#callers].map(([address, { connection }]) => ({ address, ...connection }));
  }

  #look(): void {
    const { clock, report } = this.#options;
    const began = clock.now();
    this.#due = false;
    const commit = this.#table.changeTo(report());
    if (commit) this.#server.committed(commit);
    this.#restMs = Math.max(GATHER_MS, REST * (clock.now() - began));
    this.#later(Math.max(LOOK_MS, this.#restMs));
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => this.#look());
  }
}
