import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Host } from "./host.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { EnrolAccess } from "./user-data.ts";

/** A token that was refused never becomes good again: it is shown once more for the manager that was set right. */
const PAUSE_MS = { first: 5_000, most: 60_000, token: 1_800_000 } as const;

interface EnrolmentWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: Pick<Host, "enrol">;
  /** It has come to something. */
  changed(): void;
}

/** Asks managers for a certificate until there is one: again and again, with longer pauses; told otherwise, at once. */
export class Enrolment {
  readonly #world: EnrolmentWorld;
  /** What it was told last. */
  #told = "";
  #pauseMs: number = PAUSE_MS.first;
  #problem: Problem | undefined;
  #endPause: () => void = () => undefined;

  constructor(world: EnrolmentWorld) {
    this.#world = world;
  }

  /** Why there is no certificate yet; undefined: it is being asked for. */
  ask(manager: EnrolAccess): Problem | undefined {
    const told = JSON.stringify(manager);
    if (told !== this.#told) {
      this.#told = told;
      this.#pauseMs = PAUSE_MS.first;
      this.#problem = undefined;
      this.#endPause();
      void this.#try(manager);
    }
    return this.#problem;
  }

  /** There are credentials. When they go, all begins anew. */
  done(): void {
    this.#endPause();
    this.#told = "";
    this.#problem = undefined;
  }

  async #try(manager: EnrolAccess): Promise<void> {
    const told = this.#told;
    const { host, log, clock, changed } = this.#world;
    try {
      await host.enrol(manager);
      log.info("enrolled");
    } catch (error) {
      if (told !== this.#told) return;
      this.#problem = problemOf(error, "ENROL_UNREACHABLE");
      const pauseMs = this.#problem.code === "ENROL_TOKEN_REFUSED" ? PAUSE_MS.token : this.#pauseMs;
      log.warn("not enrolled", { why: this.#problem.what, againInMs: pauseMs });
      this.#endPause = clock.after(pauseMs, () => void this.#try(manager));
      this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.most);
    }
    changed();
  }
}
