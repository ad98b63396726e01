import { mkdirSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { serveApi } from "../../api/server.edge.ts";
import type { Status } from "../../api/status.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { contradictionOf } from "../../datapath/contradiction.ts";
import { overlayMtu } from "../../datapath/mtu.ts";
import { kernelObjects } from "../../datapath/pipeline.ts";
import { checkWish } from "../../dhcp/check-wish.ts";
import { SqliteLeaseStore } from "../../dhcp/lease-store.edge.ts";
import { DhcpService } from "../../dhcp/server.ts";
import { ControlSocket } from "../../dhcp/socket.edge.ts";
import { DoorClient } from "../../kernel/door-client.edge.ts";
import { checkUnitConfig } from "../../model/check.ts";
import type { DesiredState } from "../../model/desired.ts";
import { withLeases } from "../../model/effective.ts";
import { endpointKey } from "../../model/endpoint-key.ts";
import type { ControllerConfig, Unit, UnitConfig } from "../../model/unit.ts";
import { routerMacOf, unitOf } from "../../model/unit-of.ts";
import { formatIpv4 } from "../../net/ipv4.ts";
import { Reconciler } from "../../reconcile/reconciler.ts";
import { ControllerWish } from "./controller.edge.ts";
import { DesiredFile, type DesiredFileOptions, type Refusal } from "./desired-file.edge.ts";
import { readDocument } from "./document.edge.ts";
import {
  dropRows,
  endpointRows,
  fastPath,
  firewallRows,
  flowRows,
  interfaceRows,
  leaseRows,
  NO_FAST_PATH,
  natRows,
  objectSummary,
} from "./gateway-status.ts";
import { LeaseReport } from "./lease-report.ts";
import { stateLine } from "./state-line.ts";

export interface GatewayOptions {
  readonly config: string;
  readonly desired: string;
  readonly credentials: string;
  readonly kernel: string;
  readonly socket: string;
  readonly state: string;
}

type WishTaker = Pick<DesiredFileOptions, "check" | "onWish" | "onRefusal">;

const AGENTS_PORT = 5555;
const LOOK_MS = 200;
const FIND_INTERFACES_MS = 1_000;

/** pcgd: takes the wish, serves DHCP, keeps the kernel as wished, and says how things are. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #config: UnitConfig;
  readonly #door: DoorClient;
  readonly #reconciler: Reconciler;
  readonly #dhcp: DhcpService;
  readonly #startedAt: string;
  readonly #leases: LeaseReport;
  #control: ControlSocket | undefined;
  #controller: ControllerWish | undefined;
  #file: DesiredFile | undefined;
  #unit: Unit | undefined;
  #want: DesiredState | undefined;
  #effective: DesiredState | undefined;
  #refusal: Refusal | null = null;
  /** NICs whose address the wish leaves to DHCP. */
  #awaiting: ReadonlySet<string> = new Set();
  #due = false;
  #looked = false;
  /** Why the interfaces that pcgd.yaml names are not known yet. */
  #waiting: string | undefined;

  /** @throws CONFIG_UNREADABLE, CONFIG_REFUSED, LEASE_STORE */
  constructor(options: GatewayOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#startedAt = new Date(clock.wall()).toISOString();
    this.#config = readDocument(options.config, checkUnitConfig);
    mkdirSync(options.state, { recursive: true });
    this.#door = new DoorClient(options.kernel, clock, (event) => {
      if (event === "open") log.info("pcg-kernel answers", { socket: options.kernel });
      else log.warn("pcg-kernel is gone; the datapath runs on without it", { socket: options.kernel });
    });
    this.#reconciler = new Reconciler(this.#door, clock, log, () => this.#controller?.touch());
    const routerMac = routerMacOf(this.#config);
    const store = new SqliteLeaseStore(join(options.state, "leases.db"));
    this.#dhcp = new DhcpService({ clock, log, store, routerMac, onLease: (lease) => this.#leased(lease) });
    this.#leases = new LeaseReport(clock, () => this.#dhcp.leases());
  }

  /** Resolves when it serves, and the kernel has been brought to what is wished already, or has refused. */
  async start(): Promise<void> {
    await serveApi(this.#options.socket, {
      status: () => this.#status(),
      objects: () => this.#reconciler.report().objects,
      flows: async () => flowRows(this.#effective, this.#config.unit, await this.#door.flows()),
    });
    const wish = {
      check: (document: unknown) => checkWish(document, this.#unit),
      onWish: (want: DesiredState) => this.#take(want),
      onRefusal: (refusal: Refusal | null) => this.#refused(refusal),
    };
    const { controller } = this.#config;
    if (controller) this.#followController(controller, wish);
    else this.#followFile(wish);
    await this.#findInterfaces();
    await this.#reconciler.resting();
  }

  stateLine(): string {
    const waiting = this.#unit ? null : (this.#waiting ?? "pcg-kernel");
    return stateLine({ waiting, progress: this.#reconciler.progress(), refusal: this.#refusal });
  }

  #followController(controller: ControllerConfig, wish: WishTaker): void {
    const { credentials, state } = this.#options;
    const { agents } = this.#config;
    this.#controller = new ControllerWish({
      ...wish,
      ...{ controller, credentials, state, clock: this.#clock, log: this.#log },
      agentsPort: agents && (agents.port ?? AGENTS_PORT),
      known: () => ({
        ...{ unit: this.#config.unit, version: packageJson.version, startedAt: this.#startedAt },
        progress: this.#reconciler.progress(),
        leases: this.#leases.pieces(),
      }),
    });
    this.#controller.start();
  }

  #followFile(wish: WishTaker): void {
    const { desired, state } = this.#options;
    const file = new DesiredFile({
      ...wish,
      ...{ file: desired, keep: join(state, "desired.last-good.yaml") },
      isFinal: () => this.#unit !== undefined,
      ...{ clock: this.#clock, log: this.#log },
    });
    this.#file = file;
    file.start();
    const look = () => {
      file.look();
      this.#clock.after(LOOK_MS, look);
    };
    look();
  }

  /** Only a NIC whose address the wish leaves open changes what must be in the kernel. */
  #leased(lease: { segment: string; mac: string }): void {
    if (this.#awaiting.has(endpointKey(lease))) this.#realizeSoon();
    this.#leases.changed();
    this.#controller?.touch();
  }

  #take(want: DesiredState): void {
    this.#want = want;
    this.#awaiting = new Set(want.endpoints.filter((e) => e.ip === undefined).map(endpointKey));
    this.#serveDhcp(want);
    this.#log.info("wished", { generation: want.generation });
    this.#realizeSoon();
  }

  #serveDhcp({ dhcp = [], segments, endpoints }: DesiredState): void {
    this.#dhcp.configure(dhcp, segments, { endpoints, ...(this.#unit && { overlayMtu: overlayMtu(this.#unit) }) });
    for (const { id, mtu } of segments)
      if (this.#unit && mtu !== undefined && mtu > overlayMtu(this.#unit))
        this.#log.warn("segment's MTU does not fit the downlink", { segment: id, mtu, so: overlayMtu(this.#unit) });
  }

  #refused(refusal: Refusal | null): void {
    this.#refusal = refusal;
    for (const flaw of refusal?.flaws ?? []) this.#log.error("refused", { file: refusal?.file, flaw });
  }

  /** Until the machine has the interfaces the configuration names, and again when they change. */
  async #findInterfaces(): Promise<void> {
    const before = this.#unit;
    try {
      const unit = unitOf(this.#config, await this.#door.interfaces(), await this.#door.features());
      if (JSON.stringify(unit) !== JSON.stringify(this.#unit)) {
        if (!this.#unit || listensOtherwise(this.#unit, unit)) await this.#listen(unit);
        if (this.#config.flowCache !== "off" && !unit.flowCache && !this.#unit)
          this.#log.warn("no fast path", {
            why: NO_FAST_PATH,
            so: "every packet takes the slow path, which is complete",
          });
        this.#unit = unit;
      }
    } catch (error) {
      this.#waitFor(messageOf(error));
    }
    this.#looked = true;
    if (this.#unit !== before) this.#judgeAnew();
    this.#clock.after(FIND_INTERFACES_MS, () => void this.#findInterfaces());
  }

  /** Said once for each reason; pcg-kernel may start at the same moment, so only a second failure is worth a word. */
  #waitFor(why: string): void {
    if (this.#unit) return;
    if (this.#looked && why !== this.#waiting) this.#log.warn("nothing is realized yet", { why });
    if (this.#looked) this.#waiting = why;
  }

  /** What was wished may not go with what the unit turned out to be. */
  #judgeAnew(): void {
    if (this.#want) this.#serveDhcp(this.#want);
    this.#controller?.again();
    this.#file?.again();
    this.#realizeSoon();
  }

  async #listen({ tep, geneve }: Unit): Promise<void> {
    await this.#control?.close();
    this.#control = undefined;
    const option = { optionClass: geneve.optionClass, type: geneve.optionType };
    const control = new ControlSocket(this.#dhcp, {
      address: tep.address,
      port: geneve.port,
      option,
      label: tep.label,
    });
    await control.open();
    this.#control = control;
  }

  /** Changes of one turn of the event loop are one wish. */
  #realizeSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.#want || !this.#unit) return;
      const bound = this.#dhcp.leases().filter((l) => l.state === "bound" && this.#awaiting.has(endpointKey(l)));
      this.#effective = withLeases(
        this.#want,
        bound.map((l) => ({ ...l, ip: formatIpv4(l.ip) })),
      );
      void this.#reconciler.wish(
        this.#want.generation,
        kernelObjects(this.#effective, this.#unit),
        contradictionOf(this.#effective, this.#unit),
      );
    });
  }

  async #status(): Promise<Status> {
    const counters = await this.#door.counters().catch(() => undefined);
    const interfaces = await this.#door.interfaces().catch(() => []);
    const report = this.#reconciler.report();
    return {
      unit: this.#config.unit,
      pid: process.pid,
      startedAt: this.#startedAt,
      interfaces: interfaceRows(this.#unit, interfaces, counters),
      tep: this.#unit ? formatIpv4(this.#unit.tep.address) : null,
      desired: {
        wished: this.#want?.generation ?? null,
        realized: report.realized,
        refused: this.#refusal,
        lastError: counters ? report.lastError : "pcg-kernel cannot be reached; the datapath runs on without it",
      },
      controller: this.#controller?.status ?? null,
      agents: this.#controller?.agents() ?? null,
      certificate: this.#controller?.certificate ?? null,
      objects: objectSummary(report),
      drops: dropRows(counters),
      passes: counters?.passes ?? {},
      endpoints: endpointRows(this.#want, this.#effective),
      nat: natRows(this.#effective, this.#unit, counters),
      firewall: firewallRows(this.#effective, counters),
      fastPath: fastPath(this.#config, this.#unit ?? this.#waiting, counters),
      connections: counters?.connections ?? null,
      dhcp: { pools: this.#dhcp.usage(), ...this.#dhcp.counters, leases: leaseRows(this.#dhcp.leases()) },
    };
  }
}

/** Whether tunnel control packets have to be received otherwise than before. */
const listensOtherwise = (before: Unit, now: Unit) =>
  JSON.stringify([before.tep, before.geneve]) !== JSON.stringify([now.tep, now.geneve]);
