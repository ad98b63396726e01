import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { LAB } from "./nodes.ts";

const lab = (...args: string[]) =>
  execFileSync(process.execPath, ["src/bin/lab.ts", ...args, "--name", LAB], {
    stdio: ["ignore", "inherit", "inherit"],
  });

/** One laboratory for all end-to-end tests. One that stands already is used and left standing. */
export function setup(): (() => void) | undefined {
  if (existsSync(`/run/pcg-${LAB}`)) return undefined;
  lab("up", "--detach", "--alone");
  return () => void lab("down");
}
