import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { BootPaths } from "./boot-paths.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Host, LockdownSets } from "./host.ts";
import type { BootPlan } from "./plan.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { BootFile } from "./unit-files.ts";

/** How often the firewall's sets are looked at though nothing has changed here: somebody may have loaded it anew. */
const LOCKDOWN_MS = 30_000;

interface ApplyWorld {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: BootPaths;
  readonly enrolment: Pick<Enrolment, "ask" | "done">;
}

/** Makes the machine as a plan says, doing only what differs. */
export class Applier {
  readonly #world: ApplyWorld;
  /** What was written may be what networkd does not know yet. */
  #reloadDue = true;
  #sets: { readonly at: number; readonly known: string } | undefined;

  constructor(world: ApplyWorld) {
    this.#world = world;
  }

  /** One thing that fails does not keep back what does not need it. @returns what failed */
  async apply(plan: BootPlan): Promise<Problem[]> {
    const away = plan.putAway === undefined ? [] : await this.#tried(() => this.#putAway(plan.putAway ?? ""));
    const network = await this.#network(plan.files);
    const lockdown = await this.#tried(() => this.#lockdown(plan));
    const isClosed = away.length > 0 || lockdown.length > 0;
    const unit = plan.unit && !isClosed ? await this.#unit(plan.unit) : [];
    return [...away, ...network, ...lockdown, ...unit];
  }

  /** An image was made of a machine that had run: what it was is not this one's. */
  async #putAway(instance: string): Promise<void> {
    const { host, log, paths } = this.#world;
    log.warn("this disk was another instance's: what it knew is put away", { instance });
    if (host.read(paths.started) !== undefined) {
      await host.run(["systemctl", "stop", "pcgd.service", "pcg-kernel.service"]);
      host.remove(paths.started);
    }
    const { credentials, config, desired, gatewayState, known } = paths;
    for (const path of [credentials, config, desired, gatewayState, known]) host.putAway(path, instance);
  }

  async #network(files: readonly BootFile[]): Promise<Problem[]> {
    const { host } = this.#world;
    const failed = this.#write(files, (path) => {
      if (path.endsWith(".network")) this.#reloadDue = true;
    });
    if (!this.#reloadDue || files.length === 0) return failed;
    const reload = await this.#tried(async () => {
      await host.run(["networkctl", "reload"]);
      this.#reloadDue = false;
    });
    return [...failed, ...reload];
  }

  /** Which interfaces the appliance's own firewall lets operators and agents in by. */
  async #lockdown({ assigned, unit }: BootPlan): Promise<void> {
    const { host, clock } = this.#world;
    const named = (role: string) => assigned.filter((it) => it.role === role).map(({ name }) => name);
    const wished: LockdownSets = { management: named("management"), downlink: named("downlink") };
    const known = JSON.stringify(wished);
    if (this.#sets?.known === known && clock.now() - this.#sets.at < LOCKDOWN_MS) return;
    if (assigned.length === 0 && !unit) return;
    const present = await host.lockdown();
    for (const set of ["management", "downlink"] as const) {
      const [more, less] = [missingIn(present[set], wished[set]), missingIn(wished[set], present[set])];
      if (more.length > 0) await host.run(["nft", "add", "element", "inet", "appliance", set, elements(more)]);
      if (less.length > 0) await host.run(["nft", "delete", "element", "inet", "appliance", set, elements(less)]);
    }
    this.#sets = { at: clock.now(), known };
  }

  async #unit({ files, manager }: NonNullable<BootPlan["unit"]>): Promise<Problem[]> {
    const { host, paths, enrolment } = this.#world;
    const failed = this.#write(files);
    if (failed.length > 0) return failed;
    if (manager && !host.hasCredentials()) {
      const problem = enrolment.ask(manager);
      return problem ? [problem] : [];
    }
    enrolment.done();
    return this.#tried(() => this.#start(files, paths.config));
  }

  /** The daemons read their configuration when they start. */
  async #start(files: readonly BootFile[], path: string): Promise<void> {
    const { host, log, paths } = this.#world;
    const config = files.find((file) => file.path === path)?.text ?? "";
    const started = host.read(paths.started);
    if (started === config) return;
    log.info(started === undefined ? "starting the gateway" : "restarting the gateway: its configuration is another");
    await host.run(
      started === undefined
        ? ["systemctl", "start", "--no-block", "pcg.target"]
        : ["systemctl", "restart", "--no-block", "pcg-kernel.service", "pcgd.service"],
    );
    host.write({ path: paths.started, text: config });
  }

  /** Every one is tried. @param written told of those that were not so before */
  #write(files: readonly BootFile[], written: (path: string) => void = () => undefined): Problem[] {
    const { host, log } = this.#world;
    return files.flatMap((file) => {
      if (host.read(file.path) === file.text) return [];
      try {
        host.write(file);
        log.info("written", { file: file.path });
        written(file.path);
        return [];
      } catch (error) {
        return [problemOf(error, "BOOT_FILE_UNWRITABLE")];
      }
    });
  }

  async #tried(what: () => Promise<void>): Promise<Problem[]> {
    try {
      await what();
      return [];
    } catch (error) {
      return [problemOf(error)];
    }
  }
}

const missingIn = (there: readonly string[], wished: readonly string[]) =>
  wished.filter((name) => !there.includes(name));

const elements = (names: readonly string[]) => `{ ${names.map((name) => `"${name}"`).join(", ")} }`;
