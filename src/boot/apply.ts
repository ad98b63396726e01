import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { BootPaths } from "./boot-paths.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Host } from "./host.ts";
import { lockdownFile } from "./lockdown.ts";
import type { BootPlan } from "./plan.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { BootFile } from "./unit-files.ts";

/** How often the firewall is loaded though nothing has changed here: somebody may have emptied it. */
const LOCKDOWN_MS = 60_000;

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
  #lockdownAt: number | undefined;

  constructor(world: ApplyWorld) {
    this.#world = world;
  }

  /** One thing that fails does not keep back what does not need it. @returns what failed */
  async apply(plan: BootPlan): Promise<Problem[]> {
    const away = plan.putAway === undefined ? [] : await this.#tried(() => this.#putAway(plan.putAway ?? ""));
    const network = await this.#network(plan.files);
    const lockdown = await this.#lockdown(plan);
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

  /** Loads the appliance's own firewall, with its interfaces as they are now. */
  async #lockdown({ assigned, unit }: BootPlan): Promise<Problem[]> {
    const { host, clock, paths } = this.#world;
    if (assigned.length === 0 && !unit) return [];
    const failed = this.#write([lockdownFile(assigned, paths)], () => {
      this.#lockdownAt = undefined;
    });
    if (failed.length > 0) return failed;
    if (this.#lockdownAt !== undefined && clock.now() - this.#lockdownAt < LOCKDOWN_MS) return [];
    return this.#tried(async () => {
      await host.run(["systemctl", "reload", "pcg-lockdown.service"]).catch((error: PcgError) => {
        throw new PcgError("BOOT_NO_LOCKDOWN", { why: error.detail["said"] }, error);
      });
      this.#lockdownAt = clock.now();
    });
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
