import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
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

  remove = (name: string): void => rmSync(this.path(name), { force: true });

  /**
   * Writes what is made only once before it counts, and takes it back where another manager's counts.
   *
   * @param make undefined: another's does @returns whether ours does @throws CONFIG_UNREADABLE, and what `make` throws
   */
  async keep<T>(name: string, make: (keep: (secret: string) => void) => Promise<T | undefined>): Promise<boolean> {
    let isKept = false;
    const ours = await make((secret) => {
      this.write(name, secret, { isSecret: true });
      isKept = true;
    });
    if (isKept && ours === undefined) this.remove(name);
    return ours !== undefined;
  }

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
