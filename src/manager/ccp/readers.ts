import { Multimap } from "./multimap.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** Who has read what. */
export class Readers {
  readonly #reads = new Map<string, ReadonlySet<string>>();
  readonly #readers = new Multimap<string, string>();

  of(what: string): Iterable<string> {
    return this.#readers.get(what);
  }

  /** @param now all that this reader has read, instead of what it read before */
  put(reader: string, now: ReadonlySet<string>): void {
    const before = this.#reads.get(reader) ?? NOTHING;
    if (now.size > 0) this.#reads.set(reader, now);
    else this.#reads.delete(reader);
    for (const what of before) if (!now.has(what)) this.#readers.delete(what, reader);
    for (const what of now) if (!before.has(what)) this.#readers.add(what, reader);
  }
}
