import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PcgError } from "../../base/error.ts";
import { type AuditEntry, type AuditFact, type AuditLog, BEGINNING, chained, type Link } from "./audit.ts";

export interface AuditFileOptions {
  /** A directory of its own. */
  readonly directory: string;
  /** A file that has grown to so many bytes is closed, and the next begun. */
  readonly fileBytes?: number;
  /** So many closed ones are kept. */
  readonly files?: number;
}

const CURRENT = "audit.jsonl";

/** Named for the first entry in them, so that order of names is order of entries. */
const CLOSED = /^audit-\d{12}\.jsonl$/;

interface Waiting {
  readonly fact: AuditFact;
  done(): void;
  failed(error: PcgError): void;
}

/** The audit log as lines of JSON, in files of which the oldest go. Written and synced together: what waits for the disk. */
export class AuditFile implements AuditLog {
  readonly #directory: string;
  readonly #fileBytes: number;
  readonly #files: number;
  #file: FileHandle;
  #size: number;
  #last: Link;
  #firstHere: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(options: AuditFileOptions, found: Found) {
    const { directory, fileBytes = 4_194_304, files = 16 } = options;
    this.#directory = directory;
    this.#fileBytes = fileBytes;
    this.#files = files;
    this.#file = found.file;
    this.#size = found.size;
    this.#last = found.last;
    this.#firstHere = found.first;
  }

  /** Goes on where the log ends; a line that a crash cut short was never answered for, and goes. @throws MANAGER_STORE */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    try {
      return new AuditFile(options, await findEnd(options.directory));
    } catch (error) {
      throw storeError(error, options.directory);
    }
  }

  append(fact: AuditFact): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ fact, done, failed });
      this.#writing ??= this.#write();
    });
  }

  async read({ before = Number.POSITIVE_INFINITY, most }: { before?: number; most: number }): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    try {
      for (const name of (await namesIn(this.#directory)).toReversed()) {
        const older = await readEntries(join(this.#directory, name));
        for (const entry of older.toReversed()) if (entry.seq < before && found.length < most) found.push(entry);
        if (found.length >= most) break;
      }
    } catch (error) {
      throw storeError(error, this.#directory);
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeBatch(batch.map(({ fact }) => fact));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(storeError(error, this.#directory));
      }
    }
    // Not later: who comes between the last look and this would wait for nobody.
    this.#writing = undefined;
  }

  async #writeBatch(facts: readonly AuditFact[]): Promise<void> {
    if (this.#size >= this.#fileBytes) await this.#rotate();
    let last = this.#last;
    const lines = facts.map((fact) => {
      const entry = chained(last, fact);
      last = entry;
      return `${JSON.stringify(entry)}\n`;
    });
    const bytes = Buffer.from(lines.join(""));
    try {
      await this.#file.write(bytes, 0, bytes.length, this.#size);
      await this.#file.datasync();
    } catch (error) {
      // Half of it may be there, and would end the chain.
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
    this.#last = last;
  }

  async #rotate(): Promise<void> {
    const path = join(this.#directory, CURRENT);
    const full = this.#file;
    await rename(path, join(this.#directory, `audit-${String(this.#firstHere).padStart(12, "0")}.jsonl`)).catch(
      unlessGone,
    );
    this.#file = await open(path, "w+", 0o600);
    await full.close();
    this.#size = 0;
    this.#firstHere = this.#last.seq + 1;
    await syncDirectory(this.#directory);
    const closed = (await namesIn(this.#directory)).filter((name) => name !== CURRENT);
    for (const name of closed.slice(0, -this.#files)) await rm(join(this.#directory, name));
  }
}

interface Found {
  readonly file: FileHandle;
  readonly size: number;
  readonly last: Link;
  readonly first: number;
}

async function findEnd(directory: string): Promise<Found> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, CURRENT);
  const file = await open(path, "a+", 0o600).then(async (made) => {
    await made.close();
    return open(path, "r+", 0o600);
  });
  const text = await file.readFile("utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const size = Buffer.byteLength(whole);
  await file.truncate(size);
  await syncDirectory(directory);
  const here = entriesIn(whole);
  const closed = (await namesIn(directory)).filter((name) => name !== CURRENT).at(-1);
  const before = closed === undefined ? undefined : (await readEntries(join(directory, closed))).at(-1);
  const last = here.at(-1) ?? before ?? BEGINNING;
  return { file, size, last, first: here[0]?.seq ?? last.seq + 1 };
}

const namesIn = async (directory: string): Promise<string[]> => [
  ...(await readdir(directory)).filter((name) => CLOSED.test(name)).toSorted(),
  CURRENT,
];

const entriesIn = (text: string): AuditEntry[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEntry);

/** Without a line that is being written. A file that was closed and cleared away meanwhile has none. */
async function readEntries(path: string): Promise<AuditEntry[]> {
  try {
    const text = await readFile(path, "utf8");
    return entriesIn(text.slice(0, text.lastIndexOf("\n") + 1));
  } catch (error) {
    unlessGone(error);
    return [];
  }
}

/** @throws what it is given, unless that says that there is no such file */
function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** So that a file's new name outlives a power failure. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const storeError = (error: unknown, directory: string) =>
  new PcgError("MANAGER_STORE", { directory, why: messageOf(error) }, error);
