/** Something a recipe makes: for whom, under which key. */
export interface Offer {
  readonly to: string;
  readonly key: string;
  readonly value: unknown;
}

/** And who made it. */
interface Offered extends Offer {
  readonly by: string;
}

const NONE: readonly never[] = [];

/**
 * What is offered, and by whom. Several may offer the same: it is there until the last of them withdraws it, and is as
 * the first of them by name says, so that it does not depend on who came when.
 */
export class Offers {
  readonly #by = new Map<string, readonly Offered[]>();
  /** A list only where there are several. */
  readonly #for = new Map<string, Map<string, Offered | readonly Offered[]>>();

  of(producer: string): readonly Offer[] {
    return this.#by.get(producer) ?? NONE;
  }

  /** Undefined: nobody offers it. */
  get({ to, key }: Omit<Offer, "value">): unknown {
    return this.#all(to, key)[0]?.value;
  }

  /** @returns all that a producer offered before, or does now */
  put(producer: string, offers: readonly Offer[]): readonly Offer[] {
    const before = this.#by.get(producer) ?? NONE;
    const now = offers.map(({ to, key, value }): Offered => ({ to, key, value, by: producer }));
    for (const { to, key } of before) this.#set(to, key, this.#others(to, key, producer));
    for (const one of now) this.#set(one.to, one.key, [...this.#others(one.to, one.key, producer), one]);
    if (now.length > 0) this.#by.set(producer, now);
    else this.#by.delete(producer);
    return [...before, ...now];
  }

  #all(to: string, key: string): readonly Offered[] {
    const found = this.#for.get(to)?.get(key);
    if (found === undefined) return NONE;
    return "by" in found ? [found] : found;
  }

  #others(to: string, key: string, producer: string): readonly Offered[] {
    return this.#all(to, key).filter(({ by }) => by !== producer);
  }

  #set(to: string, key: string, all: readonly Offered[]): void {
    const keys = this.#for.get(to) ?? new Map<string, Offered | readonly Offered[]>();
    const [first, second] = all;
    if (second)
      keys.set(
        key,
        all.toSorted((a, b) => (a.by < b.by ? -1 : 1)),
      );
    else if (first) keys.set(key, first);
    else keys.delete(key);
    if (keys.size > 0) this.#for.set(to, keys);
    else this.#for.delete(to);
  }
}
