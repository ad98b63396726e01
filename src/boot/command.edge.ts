import { execFile } from "node:child_process";
import { PcgError } from "../base/error.ts";

const TIMEOUT_MS = 30_000;

/** What it printed. @throws BOOT_COMMAND_FAILED with what it said */
export function runCommand([file, ...args]: readonly [string, ...string[]]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: TIMEOUT_MS, encoding: "utf8" }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else {
        const said = stderr.trim() || error.message;
        reject(new PcgError("BOOT_COMMAND_FAILED", { command: [file, ...args].join(" "), said }, error));
      }
    });
  });
}
