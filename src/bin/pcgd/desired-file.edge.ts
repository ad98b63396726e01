import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { syncFolder } from "../../base/sync-folder.edge.ts";
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
  /** Whether what `check` finds good is so for certain. Until then it is not taken. */
  readonly isFinal: () => boolean;
  readonly onWish: (want: DesiredState) => void;
  readonly onRefusal: (refusal: Refusal | null) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const KEEP_AGAIN_MS = 5_000;

/** The wish as a file: read when it changes; taken whole or refused whole. */
export class DesiredFile {
  readonly #options: DesiredFileOptions;
  #seen = "";
  /** The newest good wish is not on disk; when that is tried again. */
  #unkept: { readonly again: number } | undefined;

  constructor(options: DesiredFileOptions) {
    this.#options = options;
  }

  /** The last good wish of an earlier run, if the file is not good now. */
  start(): void {
    const { keep, check, onWish } = this.#options;
    if (this.look() || !existsSync(keep)) return;
    try {
      onWish(readDocument(keep, check));
    } catch (error) {
      // An earlier version may have found good what this one does not. What is wrong with the file is said already.
      if (!(error instanceof PcgError)) throw error;
    }
  }

  /** What is good may have changed, or is final now: the file is read anew. */
  again(): void {
    this.#seen = "";
    this.look();
  }

  /** Reads the file if it changed. @returns whether a good wish was taken */
  look(): boolean {
    const { file, check, isFinal, onWish, onRefusal, clock } = this.#options;
    const now = fileIdentity(file);
    if (now === this.#seen) {
      if (this.#unkept && clock.now() >= this.#unkept.again) this.#keep();
      return false;
    }
    this.#seen = now;
    try {
      const want = readDocument(file, check);
      onRefusal(null);
      if (!isFinal()) return false;
      onWish(want);
      this.#keep();
      return true;
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      onRefusal({ file, at: new Date().toISOString(), flaws: flawsOf(error) });
      return false;
    }
  }

  /** What counts already. As long as it cannot be kept, a restart with a bad file goes back further. */
  #keep(): void {
    const { file, keep, clock, log } = this.#options;
    try {
      writeDurably(keep, readFileSync(file));
      if (this.#unkept) log.info("the desired state is kept again", { keep });
      this.#unkept = undefined;
    } catch (error) {
      if (!this.#unkept)
        log.warn("the desired state is in effect, but cannot be kept", { keep, why: messageOf(error) });
      this.#unkept = { again: clock.now() + KEEP_AGAIN_MS };
    }
  }
}

const flawsOf = (error: PcgError): string[] =>
  Array.isArray(error.detail["flaws"]) ? error.detail["flaws"].map(String) : [error.message];

/** Old or new after a power cut, never half. */
function writeDurably(file: string, content: Uint8Array): void {
  const draft = `${file}.new`;
  const fd = openSync(draft, "w", 0o640);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
  syncFolder(dirname(file));
}
