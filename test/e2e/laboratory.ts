import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The name of the laboratory that all tests of a project share. */
    readonly laboratory: string;
  }
}

/**
 * One laboratory for all tests of a project, with its name. One that stands already is used and left standing. The
 * gateway of `e2e` is told by a file, that of `control` by the manager.
 */
export function setup(project: TestProject): (() => void) | undefined {
  const { name } = project;
  project.provide("laboratory", name);
  if (existsSync(`/run/pcg-${name}`)) return undefined;
  const lab = (...args: string[]) =>
    execFileSync(process.execPath, ["src/bin/lab.ts", ...args, "--name", name], {
      stdio: ["ignore", "inherit", "inherit"],
    });
  lab("up", "--detach", ...(name === "e2e" ? ["--alone"] : []));
  return () => void lab("down");
}
