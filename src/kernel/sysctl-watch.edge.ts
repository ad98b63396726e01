import { readSetting } from "./sysctl.edge.ts";

/** How late a setting that somebody else changed is noticed at most. The look costs some 20 files of /proc, read from memory. */
const LOOK_MS = 1_000;

/**
 * Settings that somebody else changes. inotify does not see /proc/sys, and netlink tells of few of them
 * (RTM_NEWNETCONF), so they are read.
 */
export class SysctlWatch {
  readonly #known = new Map<string, string | undefined>();
  readonly #callbacks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** How these are now is known: they are about to be read, or were written by us. From now on they are watched. */
  know(names: readonly string[]): void {
    for (const name of names) this.#known.set(name, readSetting(name));
  }

  /** Calls back when somebody else has changed a setting. Returns its undo. */
  watch(onChange: () => void): () => void {
    this.#callbacks.add(onChange);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    return () => {
      this.#callbacks.delete(onChange);
      if (this.#callbacks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #look(): void {
    let isChanged = false;
    for (const [name, before] of this.#known) {
      const now = readSetting(name);
      if (now === before) continue;
      this.#known.set(name, now);
      isChanged = true;
    }
    if (isChanged) for (const callback of this.#callbacks) callback();
  }
}
