import { messageOf } from "../../src/base/error.ts";

type Step = () => void | Promise<void>;

/** What must be undone of what was made, last made first. */
export class Undo {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Undoes all. One step that fails does not keep the others; called twice, it is the same undoing. */
  all(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`cannot undo: ${messageOf(error)}\n`);
      }
    }
  }
}
