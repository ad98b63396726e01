import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import { limitedNotes, limitedWarnings } from "../base/limited-log.ts";
import type { Log } from "../base/log.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { isNft } from "../kernel/nft-script.ts";
import type { Contradiction } from "../model/connection.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import { keyOf } from "../model/object-text.ts";
import { type Step, subjectOf } from "../model/step.ts";
import { type Failure, type Outcome, pass } from "./pass.ts";
import { byKey, difference } from "./plan.ts";
import { Sweep } from "./sweep.ts";

/** Even if nothing says so, the kernel is read anew this often. */
const REREAD_MS = 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 30_000;
/** Changes that come together are one pass. */
const SETTLE_MS = 50;

/** What somebody else did is said with so many names. */
const MOST_NAMED = 5;

type ObjectState = "in_sync" | "in_progress" | "error";

interface Wanted {
  readonly generation: number;
  readonly objects: readonly KernelObject[];
  readonly contradiction: Contradiction;
}

const NONE_CONTRADICTS: Contradiction = { contradicts: () => false, unseen: "" };

/** How far it is. */
export interface Progress {
  readonly wished: number | null;
  /** The newest generation of which every object was in the kernel as wished. */
  readonly realized: number | null;
  /** Objects that could not be made as wished, each with the reason. */
  readonly failures: ReadonlyMap<string, string>;
  readonly lastError: string | null;
}

export interface Report extends Omit<Progress, "failures"> {
  readonly objects: readonly { readonly key: string; readonly state: ObjectState; readonly message?: string }[];
  readonly passes: number;
}

/**
 * Decides when to pass. One pass at a time; a wish that comes meanwhile is taken by the next. What the kernel holds is
 * remembered between passes and read anew when someone else may have changed it, when a step failed, and each minute.
 */
export class Reconciler {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #passed: () => void;
  #want: Wanted | undefined;
  readonly #sweep: Sweep;
  #have = new Map<string, KernelObject>();
  /** Whether `#have` was what the kernel held when the last pass was over: a step that failed may have been half done. */
  #isKnown = false;
  /** Whether `#have` may no longer be what the kernel holds. */
  #stale = true;
  #failures = new Map<string, string>();
  #realized: number | null = null;
  #passes = 0;
  #lastError: string | null = null;
  #running: Promise<void> | undefined;
  #again = false;
  #retryMs = RETRY_FIRST_MS;
  #cancelTimer: () => void = () => {};
  readonly #unwatch: () => void;
  /** A step that keeps failing is tried again and again; the log need not hear of each. */
  readonly #warn: ReturnType<typeof limitedWarnings>;
  /** Leases that come and go are passes too. */
  readonly #note: ReturnType<typeof limitedNotes>;

  /** @param passed called after each pass, also one that failed */
  constructor(kernel: Kernel, clock: Clock, log: Log, passed: () => void = () => undefined) {
    this.#kernel = kernel;
    this.#sweep = new Sweep(kernel, log);
    this.#clock = clock;
    this.#log = log;
    this.#passed = passed;
    this.#warn = limitedWarnings(log, clock);
    this.#note = limitedNotes(log, clock);
    let cancel = () => {};
    this.#unwatch = kernel.watch(() => {
      cancel();
      // A pass that runs may have read the kernel before: what it did not see is for the next.
      cancel = clock.after(SETTLE_MS, () => {
        void this.resting().then(() => {
          this.#stale = true;
          return this.settle();
        });
      });
    });
  }

  /** Takes a new wish; resolves when a pass that saw it is over. */
  async wish(
    generation: number,
    objects: readonly KernelObject[],
    contradiction: Contradiction = NONE_CONTRADICTS,
  ): Promise<void> {
    this.#want = { generation, objects, contradiction };
    this.#retryMs = RETRY_FIRST_MS;
    await this.settle();
  }

  /** Runs passes until none is due. */
  settle(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no pass runs. */
  async resting(): Promise<void> {
    await this.#running;
  }

  progress(): Progress {
    return {
      wished: this.#want?.generation ?? null,
      realized: this.#realized,
      failures: this.#failures,
      lastError: this.#lastError,
    };
  }

  report(): Report {
    const inProgress = this.#again || this.#running !== undefined;
    const objects = (this.#want?.objects ?? []).map((o) => this.#stateOf(keyOf(o), inProgress));
    const { failures: _, ...progress } = this.progress();
    return { ...progress, objects, passes: this.#passes };
  }

  stop(): void {
    this.#unwatch();
    this.#cancelTimer();
  }

  #stateOf(key: string, inProgress: boolean): Report["objects"][number] {
    const message = this.#failures.get(key);
    if (message !== undefined) return { key, state: "error", message };
    if (this.#have.has(key)) return { key, state: "in_sync" };
    return { key, state: inProgress ? "in_progress" : "error" };
  }

  async #run(): Promise<void> {
    while (this.#again && this.#want) {
      this.#again = false;
      this.#cancelTimer();
      await this.#once(this.#want);
      this.#passed();
    }
  }

  async #once(want: Wanted): Promise<void> {
    try {
      if (this.#stale) {
        const have = byKey(await this.#kernel.read());
        if (this.#isKnown) this.#sayWhatOthersDid(difference(this.#have, have));
        this.#have = have;
        this.#stale = false;
      }
      const outcome = await pass(this.#kernel, want.objects, this.#have);
      this.#passes++;
      this.#remember(outcome);
      this.#sweep.note(outcome.done);
      if (!outcome.failed.some((f) => isNft(subjectOf(f.step).kind))) await this.#sweep.run(want.contradiction);
      this.#lastError = outcome.failed[0]?.message ?? null;
      if (outcome.failed.length === 0) this.#succeeded(want.generation, outcome.done);
      else this.#failed(outcome.failed);
    } catch (error) {
      this.#stale = true;
      this.#isKnown = false;
      this.#lastError = messageOf(error);
      this.#log.error("cannot reconcile", { why: this.#lastError });
      this.#retryLater();
    }
  }

  #remember({ done, failed }: Outcome): void {
    this.#failures = new Map(failed.map((f) => [keyOf(subjectOf(f.step)), f.message]));
    for (const step of done) {
      if (step.do === "remove") this.#have.delete(keyOf(step.object));
      else this.#have.set(keyOf(subjectOf(step)), subjectOf(step));
    }
  }

  #succeeded(generation: number, done: readonly Step[]): void {
    if (done.length > 0) this.#note("realized", { generation, steps: done.length });
    this.#realized = generation;
    this.#isKnown = true;
    this.#retryMs = RETRY_FIRST_MS;
    this.#later(REREAD_MS);
  }

  #failed(failed: readonly Failure[]): void {
    for (const { step, message } of failed.slice(0, 5))
      this.#warn("refused", { step: `${step.do} ${keyOf(subjectOf(step))}`, why: message });
    this.#stale = true;
    this.#isKnown = false;
    this.#retryLater();
  }

  /** What was ours and is not as we left it was done by somebody else; it is put right by the pass that follows. */
  #sayWhatOthersDid(steps: readonly Step[]): void {
    for (const [how, verb] of [
      ["remove", "removed"],
      ["change", "changed"],
      ["add", "added"],
    ] as const) {
      const keys = steps.filter((step) => step.do === how).map((step) => keyOf(subjectOf(step)));
      if (keys.length === 0) continue;
      this.#warn(`somebody else has ${verb} what is ours in the kernel`, {
        count: keys.length,
        objects: keys.slice(0, MOST_NAMED),
      });
    }
  }

  #retryLater(): void {
    this.#later(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MOST_MS);
  }

  #later(ms: number): void {
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#stale = true;
      void this.settle();
    });
  }
}
