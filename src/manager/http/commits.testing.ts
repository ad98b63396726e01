import type { Change, Commits, Documents } from "../state/documents.ts";

/** Documents in memory, changed at once. */
export class MemoryCommits implements Commits {
  readonly #values = new Map<string, unknown>();
  readonly documents: Documents = {
    get: (key) => this.#values.get(key),
    under: (prefix) =>
      [...this.#values].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };

  async commit(_by: string, change: Change): Promise<void> {
    for (const [key, value] of change(this.documents)) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }
}
