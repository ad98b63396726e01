import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { PcgError } from "../../base/error.ts";
import type { Checked } from "../../model/check.ts";
import type { DesiredState } from "../../model/desired.ts";
import { readDocument } from "./document.edge.ts";
import { fileIdentity } from "./file-identity.edge.ts";

/** A wish that was refused, for status and log. */
export interface Refusal {
  readonly file: string;
  readonly at: string;
  readonly flaws: readonly string[];
}

export interface DesiredFileOptions {
  readonly file: string;
  /** Where the last good wish is kept, so that a restart with a bad file goes on with it. */
  readonly keep: string;
  readonly check: (document: unknown) => Checked<DesiredState>;
  readonly onWish: (want: DesiredState) => void;
  readonly onRefusal: (refusal: Refusal | null) => void;
}

/** The wish as a file: read when it changes; taken whole or refused whole. */
export class DesiredFile {
  readonly #options: DesiredFileOptions;
  #seen = "";

  constructor(options: DesiredFileOptions) {
    this.#options = options;
  }

  /** The last good wish of an earlier run, if the file is not good now. */
  start(): void {
    const { keep, check, onWish } = this.#options;
    if (!this.look() && existsSync(keep)) onWish(readDocument(keep, check));
  }

  /** Reads the file if it changed. @returns whether a good wish was taken */
  look(): boolean {
    const { file, keep, check, onWish, onRefusal } = this.#options;
    const now = fileIdentity(file);
    if (now === this.#seen) return false;
    this.#seen = now;
    try {
      const want = readDocument(file, check);
      writeDurably(keep, readFileSync(file));
      onRefusal(null);
      onWish(want);
      return true;
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      onRefusal({ file, at: new Date().toISOString(), flaws: flawsOf(error) });
      return false;
    }
  }
}

const flawsOf = (error: PcgError): string[] =>
  Array.isArray(error.detail["flaws"]) ? error.detail["flaws"].map(String) : [error.message];

/** Old or new after a power cut, never half. */
function writeDurably(file: string, content: Uint8Array): void {
  const draft = `${file}.new`;
  const fd = openSync(draft, "w", 0o640);
  writeSync(fd, content);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(draft, file);
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}
