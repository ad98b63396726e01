/** Something a recipe makes: for whom, under which key. */
export interface Offer {
  readonly to: string;
  readonly key: string;
  readonly value: unknown;
}

interface Offered {
  readonly by: string;
  readonly value: unknown;
}

const NONE: readonly never[] = [];

/**
 * What is offered, and by whom. Several may offer the same: it is there until the last of them withdraws it, and is as
 * the first of them by name says, so that it does not depend on who came when.
 */
export class Offers {
  readonly #by = new Map<string, readonly Offer[]>();
  readonly #for = new Map<string, Map<string, readonly Offered[]>>();

  of(producer: string): readonly Offer[] {
    return this.#by.get(producer) ?? NONE;
  }

  /** Undefined: nobody offers it. */
  get({ to, key }: Omit<Offer, "value">): unknown {
    return this.#for.get(to)?.get(key)?.[0]?.value;
  }

  /** @returns all that a producer offered before, or does now */
  put(producer: string, now: readonly Offer[]): readonly Offer[] {
    const before = this.of(producer);
    for (const offer of before) this.#change(offer, producer, NONE);
    for (const offer of now) this.#change(offer, producer, [{ by: producer, value: offer.value }]);
    if (now.length > 0) this.#by.set(producer, now);
    else this.#by.delete(producer);
    return [...before, ...now];
  }

  #change({ to, key }: Offer, producer: string, its: readonly Offered[]): void {
    const keys = this.#for.get(to) ?? new Map<string, readonly Offered[]>();
    const others = (keys.get(key) ?? NONE).filter(({ by }) => by !== producer);
    const all = others.length === 0 ? its : [...others, ...its].sort((a, b) => (a.by < b.by ? -1 : 1));
    if (all.length > 0) keys.set(key, all);
    else keys.delete(key);
    if (keys.size > 0) this.#for.set(to, keys);
    else this.#for.delete(to);
  }
}
