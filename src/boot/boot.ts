import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { Applier } from "./apply.ts";
import type { BootPaths } from "./boot-paths.ts";
import { type Check, isHealthy } from "./check.ts";
import { Enrolment } from "./enrolment.ts";
import type { Host } from "./host.ts";
import { readKnown } from "./known.ts";
import { type BootPlan, planBoot, type Reading } from "./plan.ts";
import { type Problem, problemOf } from "./problem.ts";
import { Publication } from "./publication.ts";
import type { Nic } from "./role.ts";
import { selftest } from "./selftest.ts";
import { type BootState, type InterfaceState, interfaceStates, type Phase, testedOf } from "./state.ts";

/** How long the cloud is waited for before the unit goes on with what it knows. */
const PATIENCE_MS = 5_000;
/** How often it is asked. */
const READ_MS = { good: 30_000, bad: 5_000 } as const;
/** How often the machine is looked at. */
const LOOK_MS: Record<Phase, number> = { starting: 2_000, closed: 3_000, unhealthy: 5_000, ready: 15_000 };

export interface BootOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: BootPaths;
  readonly version: string;
  readonly slot: string | null;
}

/** From metadata to a gateway that runs, and keeps running as the metadata says. Level-triggered: every pass begins with how things are. */
export class Boot {
  readonly #with: BootOptions;
  readonly #applier: Applier;
  readonly #publication: Publication;
  #reading: Reading | undefined;
  #phase: Phase = "closed";
  /** Whether the last pass had nothing to complain of. */
  #isAllWell = false;
  #isPassing = false;
  #isDue = false;
  #endPause: () => void = () => undefined;

  constructor(options: BootOptions) {
    this.#with = options;
    const enrolment = new Enrolment({ ...options, changed: () => this.#soon() });
    this.#applier = new Applier({ ...options, enrolment });
    this.#publication = new Publication(options);
  }

  start(): void {
    this.#ask();
  }

  /** In one line. */
  get line(): string {
    return this.#publication.line;
  }

  #ask(): void {
    const { host, clock } = this.#with;
    const slow = clock.after(PATIENCE_MS, () => {
      // One that has answered before is given all the time it takes.
      if (!this.#reading?.ok) this.#took({ ok: false, problem: SLOW });
    });
    const took = (reading: Reading) => {
      slow();
      this.#took(reading);
      clock.after(READ_MS.bad, () => this.#askLater());
    };
    host.metadata().then(
      (metadata) => took({ ok: true, metadata }),
      (error) => took({ ok: false, problem: problemOf(error, "CLOUD_METADATA_UNREACHABLE") }),
    );
  }

  /** Where something is wrong with what it said, soon: somebody may be mending it. */
  #askLater(): void {
    if (this.#isAllWell) this.#with.clock.after(READ_MS.good - READ_MS.bad, () => this.#ask());
    else this.#ask();
  }

  #took(reading: Reading): void {
    this.#reading = reading;
    this.#soon();
  }

  /** One pass at a time; what comes meanwhile is seen by the next. */
  #soon(): void {
    this.#isDue = true;
    if (!this.#isPassing) void this.#passes();
  }

  async #passes(): Promise<void> {
    this.#isPassing = true;
    this.#endPause();
    while (this.#isDue) {
      this.#isDue = false;
      await this.#pass().catch((error) => this.#with.log.error("a pass failed", { why: problemOf(error).what }));
    }
    this.#isPassing = false;
    this.#endPause = this.#with.clock.after(LOOK_MS[this.#phase], () => this.#soon());
  }

  async #pass(): Promise<void> {
    const { host, paths } = this.#with;
    if (!this.#reading) return;
    const nics = await host.nics();
    const plan = planBoot({ reading: this.#reading, known: readKnown(host.read(paths.known)), nics }, paths);
    const failures = await this.#applier.apply(plan);
    const interfaces = interfaceStates(plan, nics);
    const checks = await this.#test(plan.unit, interfaces, nics);
    this.#isAllWell = plan.problems.length + failures.length === 0;
    this.#phase = this.#phaseOf(plan, failures, checks);
    this.#publication.publish(this.#stateOf(plan, { failures, checks, interfaces }));
  }

  async #test(unit: BootPlan["unit"], all: readonly InterfaceState[], nics: readonly Nic[]): Promise<Check[]> {
    if (!unit) return [];
    return selftest(this.#with.host, { interfaces: testedOf(all), nics, genevePort: unit.genevePort });
  }

  #phaseOf({ unit, problems }: BootPlan, failures: readonly Problem[], checks: readonly Check[]): Phase {
    const { host, paths } = this.#with;
    if (host.read(paths.started) === undefined)
      return unit && problems.length + failures.length === 0 ? "starting" : "closed";
    if (unit && failures.length === 0 && isHealthy(checks)) return "ready";
    return unit && (this.#phase === "closed" || this.#phase === "starting") ? "starting" : "unhealthy";
  }

  #stateOf({ source, instance, unit, problems }: BootPlan, found: Found): Omit<BootState, "since"> {
    const { version, slot } = this.#with;
    return {
      phase: this.#phase,
      ...{ version, slot, source },
      unit: unit?.name ?? null,
      instance: instance ? { id: instance.instanceId, type: instance.instanceType, zone: instance.zone } : null,
      managers: unit?.manager?.urls ?? [],
      problems: [...problems, ...found.failures],
      checks: found.checks,
      interfaces: found.interfaces,
      genevePort: unit?.genevePort ?? null,
    };
  }
}

interface Found {
  readonly failures: readonly Problem[];
  readonly checks: readonly Check[];
  readonly interfaces: readonly InterfaceState[];
}

const SLOW: Problem = problemOf(new PcgError("CLOUD_METADATA_SLOW", { waited: `${PATIENCE_MS / 1_000} s so far` }));
