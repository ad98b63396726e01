import type { Change, Commits, Documents, Writes } from "../state/documents.ts";

/** For tests: documents in memory. */
export class MapDocuments implements Documents {
  readonly #all: Map<string, unknown>;

  constructor(all: Iterable<readonly [string, unknown]> = []) {
    this.#all = new Map(all);
  }

  get(key: string): unknown {
    return this.#all.get(key);
  }

  under(prefix: string): [string, unknown][] {
    return [...this.#all].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  write(writes: Writes): void {
    for (const [key, value] of writes)
      if (value === undefined) this.#all.delete(key);
      else this.#all.set(key, value);
  }
}

/** For tests: what several managers share. Each sees it as it was when it last committed something. */
export class SharedStore {
  readonly #truth = new MapDocuments();
  readonly #log: Writes[] = [];

  /** @param turn resolves when it is a commit's turn */
  manager(turn: () => Promise<unknown> = () => Promise.resolve()): Commits {
    const documents = new MapDocuments();
    let seen = 0;
    const catchUp = () => {
      for (const writes of this.#log.slice(seen)) documents.write(writes);
      seen = this.#log.length;
    };
    catchUp();
    return {
      documents,
      commit: async (_by: string, change: Change) => {
        change(documents);
        await turn();
        const writes = change(this.#truth);
        this.#truth.write(writes);
        this.#log.push(writes);
        catchUp();
      },
    };
  }
}
