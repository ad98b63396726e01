import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes names in a folder durable: what was made, renamed or removed there. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
