import { execFile } from "node:child_process";
import { PcgError } from "../base/error.ts";
import type { LockdownSets } from "./host.ts";
import { lockdownIn } from "./lockdown.ts";

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

/** @throws BOOT_NO_LOCKDOWN */
export async function readLockdown(): Promise<LockdownSets> {
  const listing = await runCommand(["nft", "-j", "list", "table", "inet", "appliance"]).catch((error) => {
    throw new PcgError("BOOT_NO_LOCKDOWN", { why: error.detail.said }, error);
  });
  const sets = lockdownIn(listing);
  if (!sets)
    throw new PcgError("BOOT_NO_LOCKDOWN", { why: "table inet appliance lacks the sets management and downlink" });
  return sets;
}
