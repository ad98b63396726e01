import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { BootPaths } from "./boot-paths.ts";
import type { Host } from "./host.ts";
import type { BootState } from "./state.ts";
import { consoleLine, consoleText, issueText } from "./text.ts";

interface PublicationWorld {
  readonly host: Pick<Host, "read" | "write" | "remove" | "console">;
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: BootPaths;
}

/** Tells whoever wants to know how the unit is: files for programs, the console for people. Says nothing twice. */
export class Publication {
  readonly #world: PublicationWorld;
  #last: BootState | undefined;
  #line = "pcg-boot: asking the cloud";

  constructor(world: PublicationWorld) {
    this.#world = world;
  }

  get line(): string {
    return this.#line;
  }

  publish(now: Omit<BootState, "since">): void {
    const { clock, host, log, paths } = this.#world;
    const isSamePhase = now.phase === this.#last?.phase;
    const since = isSamePhase && this.#last ? this.#last.since : new Date(clock.wall()).toISOString();
    const state: BootState = { ...now, since };
    this.#last = state;
    this.#write(paths.state, `${JSON.stringify(state, undefined, 2)}\n`);
    this.#write(paths.issue, issueText(state));
    if (state.phase === "ready") this.#write(paths.ready, `${since}\n`);
    else host.remove(paths.ready);
    const line = consoleLine(state);
    if (line === this.#line) return;
    this.#line = line;
    host.console(consoleText(state));
    if (state.phase === "ready") log.info("ready", { unit: state.unit });
    else log.warn(state.phase, { problems: state.problems.map(({ code, what }) => `${code}: ${what}`) });
  }

  #write(path: string, text: string): void {
    const { host, log } = this.#world;
    try {
      if (host.read(path) !== text) host.write({ path, text });
    } catch (error) {
      log.error("cannot say how things are", { file: path, why: messageOf(error) });
    }
  }
}
