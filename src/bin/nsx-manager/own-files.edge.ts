import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf, PcgError } from "../../base/error.ts";

/** A manager's own files: whatever is in one is complete, and for its owner's eyes where it is secret. */
export class OwnFiles {
  readonly #folder: string;

  /** @throws CONFIG_UNREADABLE */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new PcgError("CONFIG_UNREADABLE", { file: folder, why: messageOf(error) }, error);
    }
  }

  path = (name: string): string => join(this.#folder, name);

  has = (name: string): boolean => existsSync(this.path(name));

  /** @throws CONFIG_UNREADABLE */
  write(name: string, text: string, { isSecret }: { readonly isSecret: boolean }): void {
    const path = this.path(name);
    try {
      const file = openSync(`${path}.new`, "w", isSecret ? 0o600 : 0o644);
      writeSync(file, text);
      fsyncSync(file);
      closeSync(file);
      renameSync(`${path}.new`, path);
    } catch (error) {
      throw new PcgError("CONFIG_UNREADABLE", { file: path, why: messageOf(error) }, error);
    }
  }
}
