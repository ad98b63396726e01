import { createReadStream } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rmdir, stat, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PcgError } from "../base/error.ts";
import type { FileFacts, Files } from "./files.ts";
import { checkpointJournal } from "./system-calls.edge.ts";

const PIECE_BYTES = 2 ** 20;

const codeOf = (error: unknown) => (error as { code?: unknown }).code;

/** A disk that is mounted. Every failure is an UPGRADE_DISK that says where and why. */
export class MountedFiles implements Files {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async #do<T>(path: string, what: (whole: string) => Promise<T>): Promise<T> {
    try {
      return await what(join(this.#root, path));
    } catch (error) {
      if (error instanceof PcgError) throw error;
      throw new PcgError("UPGRADE_DISK", { path: join(this.#root, path), why: messageOf(error) }, error);
    }
  }

  #unlessMissing = <T>(path: string, what: (whole: string) => Promise<T>): Promise<T | undefined> =>
    this.#do(path, (whole) =>
      what(whole).catch((error) => {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      }),
    );

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#unlessMissing(path, (whole) => readFile(whole));
  }

  pieces(path: string): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.#root, path), { highWaterMark: PIECE_BYTES });
  }

  async list(path: string): Promise<ReadonlyMap<string, FileFacts>> {
    const names = (await this.#unlessMissing(path, (whole) => readdir(whole))) ?? [];
    const facts = names.map(async (name): Promise<[string, FileFacts]> => {
      const { size, nlink } = await this.#do(join(path, name), (whole) => stat(whole));
      return [name, { bytes: size, links: nlink }];
    });
    return new Map(await Promise.all(facts));
  }

  write(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#do(path, async (whole) => {
      await using file = await open(whole, "wx", 0o644);
      for await (const piece of content) await file.writeFile(piece);
      await file.sync();
    });
  }

  overwrite(path: string, bytes: Uint8Array): Promise<void> {
    return this.#do(path, async (whole) => {
      await using file = await open(whole, "r+");
      await file.write(bytes, 0, bytes.length, 0);
      await file.sync();
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#do(to, (whole) => link(join(this.#root, from), whole));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do(to, (whole) => rename(join(this.#root, from), whole));
  }

  remove(path: string): Promise<void> {
    return this.#unlessMissing(path, (whole) => unlink(whole));
  }

  async makeFolder(path: string): Promise<void> {
    await this.#do(path, (whole) => mkdir(whole, { recursive: true }));
  }

  removeFolder(path: string): Promise<void> {
    return this.#unlessMissing(path, (whole) => rmdir(whole));
  }

  syncFolder(path: string): Promise<void> {
    return this.#do(path, async (whole) => {
      await using folder = await open(whole, "r");
      await folder.sync();
    });
  }

  settle(): Promise<void> {
    return this.#do("", async (whole) => checkpointJournal(whole));
  }

  room(): Promise<number> {
    return this.#do("", async (whole) => {
      const { bavail, bsize } = await statfs(whole);
      return bavail * bsize;
    });
  }
}
