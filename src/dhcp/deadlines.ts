/**
 * Keys that fall due, in steps of one second: setting, moving and clearing one costs the same however many there are.
 * There is no timer in it, so there is none that overflows; who owns it asks what is due.
 */
export class Deadlines<K> {
  readonly #slots = new Map<number, Set<K>>();
  readonly #slotOf = new Map<K, number>();
  #swept: number;

  /** @param now milliseconds, on whatever line its owner uses */
  constructor(now: number) {
    this.#swept = slot(now);
  }

  set(key: K, at: number): void {
    this.clear(key);
    const due = Math.max(Math.ceil(at / STEP_MS), this.#swept + 1);
    const keys = this.#slots.get(due);
    if (keys) keys.add(key);
    else this.#slots.set(due, new Set([key]));
    this.#slotOf.set(key, due);
  }

  clear(key: K): void {
    const due = this.#slotOf.get(key);
    if (due === undefined) return;
    const keys = this.#slots.get(due);
    keys?.delete(key);
    if (keys?.size === 0) this.#slots.delete(due);
    this.#slotOf.delete(key);
  }

  /** Takes out all that is due. A clock that was set back finds nothing due until it gets there again. */
  due(now: number): K[] {
    const until = slot(now);
    if (until <= this.#swept) return [];
    // After a long silence there are fewer slots than seconds.
    const slots =
      until - this.#swept > this.#slots.size
        ? [...this.#slots.keys()].filter((s) => s <= until).toSorted((a, b) => a - b)
        : Array.from({ length: until - this.#swept }, (_, i) => this.#swept + 1 + i);
    this.#swept = until;
    const keys = slots.flatMap((s) => [...(this.#slots.get(s) ?? [])]);
    for (const key of keys) this.clear(key);
    return keys;
  }
}

const STEP_MS = 1000;
const slot = (ms: number) => Math.floor(ms / STEP_MS);
