import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestProject } from "vitest/node";
import manifest from "../../package.json" with { type: "json" };

/**
 * The laboratory with a gateway that is a virtual machine: of the image that `npm run image` builds from what is here, or
 * of PCG_IMAGE=FILE. One that stands already is used and left standing.
 */
export function setup(project: TestProject): (() => void) | undefined {
  const { name } = project;
  project.provide("laboratory", name);
  if (existsSync(`/run/pcg-${name}`)) return undefined;
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (process.env["PCG_IMAGE"] === undefined) run("bash", "packer/image.sh", "--if-changed");
  const image = process.env["PCG_IMAGE"] ?? `build/image/pcg-${manifest.version}.qcow2`;
  const lab = (...args: string[]) => run(process.execPath, "src/bin/lab.ts", ...args, "--name", name);
  lab("up", "--detach", "--image", image);
  return () => lab("down");
}
