/** Sets by key, none of them empty. Of very many most have one member, for which there is no set. */
export class Multimap<K, V extends string | object> {
  readonly #sets = new Map<K, V | Several<V>>();

  add(key: K, value: V): void {
    const found = this.#sets.get(key);
    if (found instanceof Several) found.add(value);
    else if (found === undefined) this.#sets.set(key, value);
    else if (found !== value) this.#sets.set(key, new Several([found, value]));
  }

  delete(key: K, value: V): void {
    const found = this.#sets.get(key);
    if (found instanceof Several) {
      found.delete(value);
      if (found.size === 0) this.#sets.delete(key);
    } else if (found === value) this.#sets.delete(key);
  }

  get(key: K): Iterable<V> {
    const found = this.#sets.get(key);
    if (found instanceof Several) return found;
    return found === undefined ? NONE : [found];
  }
}

/** Told from a value that is itself a set. */
class Several<V> extends Set<V> {}

const NONE: readonly never[] = [];
