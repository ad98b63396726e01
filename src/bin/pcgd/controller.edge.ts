import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../api/status.ts";
import type { Clock } from "../../base/clock.ts";
import { isDamage } from "../../base/database.edge.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import { inTurn } from "../../base/in-turn.ts";
import type { Log } from "../../base/log.ts";
import { connectTo, type Upstream } from "../../lcp/connect.edge.ts";
import { Follower } from "../../lcp/follower.ts";
import { SqliteHeldStore } from "../../lcp/held-store.edge.ts";
import { GATEWAY_LONGEST_MS } from "../../lcp/pauses.ts";
import type { Resource, ResourceId } from "../../lcp/resource.ts";
import { addressOf } from "../../lcp/sockets.ts";
import type { Held } from "../../lcp/subscription.ts";
import type { Checked } from "../../model/check.ts";
import type { DesiredState } from "../../model/desired.ts";
import type { RuntimePieces } from "../../model/desired-of.ts";
import { formatFlaw } from "../../model/flaw.ts";
import { MOST_WHY, type ReportBody } from "../../model/report.ts";
import { type RuntimePiece, runtimeFlaws } from "../../model/runtime.ts";
import { soundWish } from "../../model/sound-wish.ts";
import type { ControllerConfig } from "../../model/unit.ts";
import { Agents } from "./agents.edge.ts";
import { Certificate } from "./certificate.edge.ts";
import type { Refusal } from "./desired-file.edge.ts";
import { type Known, reportOf } from "./report-of.ts";
import { Reports } from "./reports.edge.ts";

const CONTROLLER_PORT = 1235;

/** The firewall lets nobody in but from management. */
const EVERYWHERE = "0.0.0.0";

export interface ControllerOptions {
  readonly controller: ControllerConfig;
  /** The port for agents; left out: none are served. */
  readonly agentsPort: number | undefined;
  /** The folder of certificate.pem, key.pem and authority.pem. */
  readonly credentials: string;
  /** The folder for what was told. */
  readonly state: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly check: (document: unknown) => Checked<DesiredState>;
  readonly onWish: (want: DesiredState) => void;
  readonly onRefusal: (refusal: Refusal | null) => void;
  /** What is to be reported beside what is known here. */
  readonly known: () => Omit<Known, "wishError" | "problems" | "agents">;
}

/** The wish as a controller tells it: what it told last is on disk, and counts while the controller is away. */
export class ControllerWish {
  readonly #options: ControllerOptions;
  readonly #certificate: Certificate;
  readonly #follower: Follower;
  readonly #agents: Agents | undefined;
  readonly #reports: Reports;
  /** The host that says what is wanted, or is being tried. */
  #upstream: Upstream | undefined;
  #before: RuntimePieces = new Map();
  #refused: readonly string[] = [];
  #unsound: ReadonlyMap<string, string> = new Map();
  #wishError: string | null = null;
  #due = false;

  /** @throws CONFIG_UNREADABLE, LCP_STORE */
  constructor(options: ControllerOptions) {
    this.#options = options;
    const { controller, agentsPort, clock, log, state } = options;
    this.#certificate = new Certificate(options.credentials, { clock, log, renewed: () => this.#renewed() });
    const credentials = () => this.#certificate.credentials;
    const upstreams = upstreamsOf(controller);
    const turns = inTurn(upstreams);
    this.#follower = new Follower({
      ...{ clock, log, random: Math.random, longestPauseMs: GATEWAY_LONGEST_MS },
      store: openStore(join(state, "told.db"), options),
      judge,
      // The next one, for that before has failed, is behind, or has sent us away; or where reports have just got to.
      connect: (events, where) => {
        const upstream = upstreams.find((one) => addressOf(one) === where) ?? turns.next().value;
        const known = () => {
          this.#upstream = upstream;
        };
        // Gone to anew while another stands: that is where we are until this one is there.
        if (!this.#follower.connection.connected) known();
        const opened = () => {
          known();
          events.opened();
        };
        return connectTo(upstream, credentials, clock)({ ...events, opened });
      },
      host: () => this.#upstream && addressOf(this.#upstream),
      reached: () => this.#upstream && this.#reports.reachable(addressOf(this.#upstream)),
      committed: (commit) => {
        this.#agents?.committed(commit);
        this.#takeSoon();
      },
    });
    const held = () => this.#follower.held;
    this.#agents =
      agentsPort === undefined
        ? undefined
        : new Agents({ host: EVERYWHERE, port: agentsPort, credentials, clock, log, held });
    this.#reports = new Reports({
      ...{ upstreams, credentials, clock, log },
      report: () => this.#report(),
      reached: (address) => this.#follower.hurry(address),
    });
  }

  start(): void {
    this.#take(this.#follower.held);
    this.#follower.start();
    void this.#agents?.start();
    this.#reports.start();
    this.#certificate.start();
  }

  get certificate(): Status["certificate"] {
    return this.#certificate.status;
  }

  #renewed(): void {
    this.#follower.again();
    this.#reports.renewed();
    this.#agents?.renewed();
  }

  /** There may be something new to report. */
  touch(): void {
    this.#reports.touch();
  }

  agents(): Status["agents"] {
    return this.#agents ? { connected: this.#agents.rows(), refused: this.#agents.refused() } : null;
  }

  get status(): NonNullable<Status["controller"]> {
    const address = this.#upstream ? addressOf(this.#upstream) : "";
    return {
      id: this.#options.controller.id,
      state: { address, ...this.#follower.connection },
      reports: this.#reports.connections(),
    };
  }

  #report() {
    const agents = this.#agents?.rows() ?? [];
    return reportOf({ ...this.#options.known(), wishError: this.#wishError, problems: this.#problems(), agents });
  }

  /** What was told and is not in effect. One that cannot be read is newer than what of the same name is held. */
  #problems(): ReportBody<"problem">[] {
    const { resources } = this.#follower.held;
    const unsound = [...this.#unsound].flatMap(([name, why]) => {
      const version = resources.get(name as ResourceId)?.version;
      return version === undefined ? [] : [{ id: name, version, why: why.slice(0, MOST_WHY) }];
    });
    return [...new Map([...unsound, ...this.#follower.refused].map((one) => [one.id as string, one])).values()];
  }

  /** What was told is to be judged anew. */
  again(): void {
    this.#takeSoon();
  }

  /** Changes of one turn of the event loop are one wish. */
  #takeSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#take(this.#follower.held);
    });
  }

  /** Nothing was ever told: that is no wish for nothing. */
  #take({ instance, at, resources }: Held): void {
    if (instance === null) return;
    const { check, onWish } = this.#options;
    const offered = new Map([...resources].map(([id, resource]) => [id as string, resource as RuntimePieceOf]));
    try {
      const { want, pieces, refused } = soundWish(offered, { generation: at, check, before: this.#before });
      this.#before = pieces;
      this.#unsound = refused;
      this.#wishError = null;
      this.#refuse([...refused].map(([id, why]) => `${id}: ${why}`));
      onWish(want);
    } catch (error) {
      this.#wishError = messageOf(error);
      this.#refuse([this.#wishError]);
    }
    this.touch();
  }

  /** Says what is refused when that changes, not with every wish. */
  #refuse(flaws: readonly string[]): void {
    if (flaws.join("\n") === this.#refused.join("\n")) return;
    this.#refused = flaws;
    const { controller, clock, onRefusal } = this.#options;
    const at = new Date(clock.wall()).toISOString();
    onRefusal(flaws.length > 0 ? { file: `controller ${controller.id}`, at, flaws } : null);
  }
}

/** What cannot be read is kept for whoever wants to know why, and asked for again. The datapath runs on meanwhile. */
function openStore(file: string, { clock, log }: Pick<ControllerOptions, "clock" | "log">): SqliteHeldStore {
  try {
    const store = new SqliteHeldStore(file);
    store.load();
    return store;
  } catch (error) {
    const cause = error instanceof PcgError ? error.cause : error;
    if (!existsSync(file) || !isDamage(cause)) throw error;
    const aside = `${file}.unreadable-${clock.wall()}`;
    for (const part of ["", "-wal", "-shm"].filter((suffix) => existsSync(file + suffix)))
      renameSync(file + part, aside + part);
    log.error("what the controller told cannot be read; it is asked for again", { aside, why: messageOf(error) });
    return new SqliteHeldStore(file);
  }
}

const upstreamsOf = ({ hosts, port = CONTROLLER_PORT, id }: ControllerConfig): Upstream[] =>
  hosts.map((host) => ({ host, port, is: { role: "manager", id } }));

/** What `judge` has let pass. */
type RuntimePieceOf = Resource & RuntimePiece;

function judge({ type, body }: Resource): string | undefined {
  const flaws = runtimeFlaws(type, body);
  return flaws.length > 0 ? flaws.map(formatFlaw).join("; ") : undefined;
}
