import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { messageOf, PcgError } from "../base/error.ts";
import { syncFolder } from "../base/sync-folder.edge.ts";
import type { BootFile } from "./unit-files.ts";

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whole and durable when it returns; before that, and when it throws, what was there. @throws BOOT_FILE_UNWRITABLE */
export function writeWhole({ path, text, isSecret = false }: BootFile): void {
  const next = `${path}.next`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(next, { force: true });
    const fd = openSync(next, "wx", 0o600);
    try {
      fchmodSync(fd, isSecret ? 0o600 : 0o644);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(next, { force: true });
    throw unwritable(path, error);
  }
}

export function remove(path: string): void {
  rmSync(path, { force: true });
}

/** @throws BOOT_FILE_UNWRITABLE */
export function putAway(path: string, suffix: string): void {
  const to = `${path}.${suffix}`;
  try {
    rmSync(to, { recursive: true, force: true });
    renameSync(path, to);
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unwritable(path, error);
  }
}

const unwritable = (file: string, error: unknown) =>
  new PcgError("BOOT_FILE_UNWRITABLE", { file, why: messageOf(error) }, error);
