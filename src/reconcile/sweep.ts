import type { Log } from "../base/log.ts";
import { endedBy } from "../datapath/ended-by.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ConnectionsToEnd, Contradiction } from "../model/connection.ts";
import type { Step } from "../model/step.ts";

/** More than this many kinds to end are found by one look at all connections, as each takes the kernel a look of its own. */
const MOST_KINDS = 32;

/**
 * Ends connections that what is wanted no longer allows. What is due is kept until it was done, so that neither a
 * failure nor pcg-kernel's absence loses any of it; after a start all connections are looked at, as nobody knows what
 * was missed.
 */
export class Sweep {
  readonly #kernel: Kernel;
  readonly #log: Log;
  /** undefined: look at all. */
  #due: ConnectionsToEnd[] | undefined;
  #unseen = "";

  constructor(kernel: Kernel, log: Log) {
    this.#kernel = kernel;
    this.#log = log;
  }

  /** Takes note of what was changed in the kernel. */
  note(done: readonly Step[]): void {
    const ended = endedBy(done);
    if (this.#due === undefined || ended === "unknown" || this.#due.length + ended.length > MOST_KINDS)
      this.#due = undefined;
    else this.#due.push(...ended);
  }

  async run({ contradicts, unseen }: Contradiction): Promise<void> {
    if (unseen !== this.#unseen) this.#due = undefined;
    this.#unseen = unseen;
    if (this.#due === undefined) await this.#lookAtAll(contradicts);
    else if (this.#due.length > 0) await this.#kernel.endConnections(this.#due);
    this.#due = [];
  }

  async #lookAtAll(contradicts: Contradiction["contradicts"]): Promise<void> {
    let ended = 0;
    for (let from: number | null = null; ; ) {
      const { connections, next } = await this.#kernel.connections(from);
      const which = connections.filter(contradicts).map((connection) => ({ by: "tuple", connection }) as const);
      if (which.length > 0) await this.#kernel.endConnections(which);
      ended += which.length;
      if (next === null) break;
      from = next;
    }
    if (ended > 0) this.#log.info("connections ended", { ended, why: "the desired state no longer allows them" });
  }
}
