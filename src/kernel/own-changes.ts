import type { Clock } from "../base/clock.ts";

/** Events this soon after a change of our own may be its echo. */
const ECHO_MS = 100;

/** An event that may be an echo may be somebody else's too: whoever watches is told this much later, once for all of them. */
const DOUBT_MS = 1_000;

/**
 * Tells events of somebody else's changes from echoes of our own. Netlink names the sender's port, but libnftables hides
 * which is its own, so what falls into the time of an own change is looked at again: late, and never more than once a second.
 */
export class OwnChanges {
  readonly #clock: Clock;
  #running = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a change. */
  async during<T>(change: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await change();
    } finally {
      this.#running--;
      this.#endedAt = this.#clock.now();
    }
  }

  /** What to call at each event, and its undo. */
  watcher(onChange: () => void): { readonly event: () => void; readonly stop: () => void } {
    let cancel: (() => void) | undefined;
    const stop = () => {
      cancel?.();
      cancel = undefined;
    };
    const event = () => {
      if (!this.#mayBeEcho()) onChange();
      else
        cancel ??= this.#clock.after(DOUBT_MS, () => {
          cancel = undefined;
          onChange();
        });
    };
    return { event, stop };
  }

  #mayBeEcho(): boolean {
    return this.#running > 0 || this.#clock.now() - this.#endedAt <= ECHO_MS;
  }
}
