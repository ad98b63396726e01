import { Caller } from "../../src/lcp/caller.ts";
import { OwnTable, type Statement } from "../../src/lcp/own-table.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { type ReportPiece, reportKey } from "../../src/model/report.ts";
import { must } from "./state.ts";
import type { World } from "./world.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** What a gateway knows of itself, and how it tells the controller. */
export class Reporting {
  readonly #world: World;
  readonly #name: string;
  readonly #leases = new Set<number>();
  #realized = 0;
  /** All that was ever so, as texts, each with how much was realized. */
  readonly #history = new Map<string, number>();
  #last = 0;
  #processes = 0;
  /** Milliseconds by which the gateway's clock is behind. */
  behindMs = 0;
  #table: OwnTable | undefined;
  #caller: Caller | undefined;
  server: RelayServer | undefined;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  lease(n: number, held: boolean): void {
    if (held) this.#leases.add(n);
    else this.#leases.delete(n);
    this.realize();
  }

  realize(): void {
    this.#realized++;
    this.#say();
  }

  /** @param reached the controller listens again */
  start(reached: () => void): void {
    const { clock, random, network, origin } = this.#world;
    const table = new OwnTable(`${this.#name} ${this.#processes++}`, clock.wall() - this.behindMs);
    const server = new RelayServer(table, clock, silent);
    this.#table = table;
    this.server = server;
    this.#say();
    this.#caller = new Caller({
      ...{ clock, random, log: silent, to: "ccp" },
      connect: (events) =>
        network.connect(`${this.#name} reports`, events, (channel) => origin.reports.accept(this.#name, channel)),
      accept: (channel) => server.accept("ccp", channel),
      reached,
    });
    this.#caller.start();
  }

  get connected(): boolean {
    return this.#caller?.connection.connected ?? false;
  }

  reachable(): void {
    this.#caller?.hurry();
  }

  crash(): void {
    this.#caller?.stop();
    this.server?.stop();
    this.server = undefined;
    this.#table = undefined;
  }

  #say(): void {
    const pieces = this.#pieces();
    this.#history.set(textOf(pieces), this.#realized);
    const said = pieces.map((piece): Statement => ({ ...piece, key: reportKey(piece) }));
    const commit = this.#table?.changeTo(said);
    if (commit) this.server?.committed(commit);
  }

  #pieces(): ReportPiece[] {
    return [
      ...[...this.#leases].map((n) => leaseOf(n)),
      ...[...this.#leases].map(
        (n): ReportPiece => ({ type: "agent", body: { id: `vm-${n}`, current: true, refused: 0 } }),
      ),
      { type: "gateway", body: { ...GATEWAY, realized: this.#realized } },
    ];
  }

  /** What the controller knows is at any time what was so at one time, and never of before what it knew already. */
  inspect(): void {
    const known = this.#known();
    if (known.length === 0) return;
    const realized = this.#history.get(textOf(known));
    must(realized !== undefined, `of ${this.#name} is known what never was: ${textOf(known)}`);
    must(realized >= this.#last, `what is known of ${this.#name} went back from ${this.#last} to ${realized}`);
    this.#last = realized;
  }

  /** How what the controller knows differs from what is so. */
  flaw(): string | undefined {
    const { reports } = this.#world.origin;
    if (!reports.isConnected(this.#name)) return "its reports do not reach the controller";
    const [known, is] = [textOf(this.#known()), textOf(this.#pieces())];
    return known === is ? undefined : `known is ${known}, not ${is}`;
  }

  #known(): ReportPiece[] {
    const { reports } = this.#world.origin;
    const itself = reports.gateway(this.#name);
    return [
      ...reports.leases(this.#name).map((body): ReportPiece => ({ type: "lease", body })),
      ...reports.agents(this.#name).map((body): ReportPiece => ({ type: "agent", body })),
      ...(itself ? [{ type: "gateway", body: itself } as const] : []),
    ];
  }
}

const GATEWAY = {
  ...{ unit: "a", version: "1", startedAt: "2026-01-01T00:00:00.000Z", wished: null, lastError: null },
  ...{ failing: { total: 0, objects: [] }, unreported: 0 },
};

const leaseOf = (n: number): ReportPiece => ({
  type: "lease",
  body: { segment: "web", ip: `10.0.0.${n}`, mac: `02:00:00:00:00:0${n}`, until: null },
});

const textOf = (pieces: readonly ReportPiece[]): string =>
  pieces
    .map(({ type, body }) => `${type} ${JSON.stringify(Object.entries(body).toSorted())}`)
    .toSorted()
    .join("; ");
