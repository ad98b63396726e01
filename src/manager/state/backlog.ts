/** What has come since the last picture of everything. */
export interface Since {
  readonly entries: number;
  readonly bytes: number;
}

/** After which a picture takes the place of entries. */
const MOST: Since = { entries: 1_000, bytes: 64 * 1024 * 1024 };

/** Entries that whoever opens the ledger has to read one by one. */
export class Backlog {
  #since: Since;

  constructor(since: Since) {
    this.#since = since;
  }

  /** One more. @returns whether it is time for a picture, and counts anew if so */
  grew(bytes: number): boolean {
    this.#since = { entries: this.#since.entries + 1, bytes: this.#since.bytes + bytes };
    const isLong = this.#since.entries >= MOST.entries || this.#since.bytes >= MOST.bytes;
    if (isLong) this.#since = { entries: 0, bytes: 0 };
    return isLong;
  }
}
