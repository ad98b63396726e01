import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { amis } from "./amis.ts";

const run = promisify(execFile);

/** moto is in Debian 13 and not in 12. */
const SUITE = "trixie";
const PACKAGES = ["python3-moto", "python3-flask-cors", "python3-openapi-spec-validator"];
const LEAVE_OUT = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*"];

/** Where moto finds the AMIs that are there before anybody makes one. */
export const AMIS_PATH = "/var/lib/amis.json";

/** A root file system with moto in it: made once, in a minute, and kept in build/. */
export async function motoRoot(): Promise<string> {
  const content = JSON.stringify([SUITE, PACKAGES, LEAVE_OUT, amis]);
  const key = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const root = new URL(`../../../build/moto/${key}`, import.meta.url).pathname;
  if (existsSync(root)) return root;
  const partial = `${root}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await run("mmdebstrap", [
      ...["--quiet", "--variant=minbase", "--format=directory", `--include=${PACKAGES.join(",")}`],
      // Nobody misses a half-written one: it gets its name when it is whole.
      "--dpkgopt=force-unsafe-io",
      ...LEAVE_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      ...[SUITE, partial],
    ]);
    await writeFile(`${partial}${AMIS_PATH}`, JSON.stringify(amis));
    await rename(partial, root);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return root;
}
