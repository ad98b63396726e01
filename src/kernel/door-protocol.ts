/**
 * What pcgd and pcg-kernel say to each other over a unix socket: one JSON object a line. Every request has a number
 * and gets one answer with it; `changed` comes unasked.
 */
export const verbs = [
  "read",
  "apply",
  "interfaces",
  "counters",
  "features",
  "flows",
  "connections",
  "end",
  "watch",
] as const;
export type Verb = (typeof verbs)[number];

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }
  | { readonly changed: true };

/** The `id` of an answer to what was no request yet: the connection ends with it. */
export const NO_REQUEST = 0;

/** What a client takes of pcg-kernel in one line: all that is in the kernel. */
export const MOST_ANSWER_BYTES = 256 * 1024 * 1024;
/** What pcg-kernel keeps of all its clients together. Ten thousand endpoints with their NAT are some 20 MB. */
export const MOST_REQUEST_BYTES = 48 * 1024 * 1024;

/** Bytes that may be held; what does not fit is not taken. */
export class Credits {
  #left: number;
  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export interface LineOptions {
  /** Who is given the line gives back its credits. */
  readonly onLine: (line: string, bytes: number) => void;
  readonly onTooLong: () => void;
  readonly credits: Credits;
}

/** Cuts a stream of chunks into lines. What is more than there are credits for is never kept, and ends it. */
export class Lines {
  readonly #options: LineOptions;
  #parts: Buffer[] = [];
  #held = 0;
  #ended = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  feed(chunk: Buffer): void {
    if (this.#ended) return;
    if (!this.#options.credits.take(chunk.length)) {
      this.end();
      this.#options.onTooLong();
      return;
    }
    let rest = chunk;
    for (let at = rest.indexOf(10); at >= 0 && !this.#ended; at = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#parts, rest.subarray(0, at)]).toString("utf8");
      const bytes = this.#held + at + 1;
      this.#parts = [];
      this.#held = 0;
      rest = rest.subarray(at + 1);
      this.#options.onLine(line, bytes);
    }
    if (this.#ended) this.#options.credits.give(rest.length);
    else {
      this.#parts.push(rest);
      this.#held += rest.length;
    }
  }

  /** Nothing is kept any more. */
  end(): void {
    this.#ended = true;
    this.#parts = [];
    this.#options.credits.give(this.#held);
    this.#held = 0;
  }
}
