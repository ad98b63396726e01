import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Status } from "../../src/api/status.ts";
import { labPaths } from "../../src/lab/lab-paths.ts";
import { topology } from "../../src/lab/topology.ts";
import { machineFiles, sshTo } from "../../src/lab/unit-machine.ts";
import { LAB, lab, vpc } from "../e2e/nodes.ts";
import { quote, sh, until } from "../kernel/namespace.ts";

export const paths = labPaths(LAB);
const unit = topology.units[0] ?? never("the laboratory has no unit");

function never(why: string): never {
  throw new TypeError(why);
}

/** What a command prints that an operator runs on the unit. */
export const onUnit = (command: string): string => vpc.run([...sshTo(paths, unit), "--", quote(command)].join(" "));

/** The same as root, which an operator becomes by saying so. */
export const asRoot = (command: string): string => onUnit(`sudo bash -euo pipefail -c ${quote(command)}`);

export const unitStatus = (): Status => JSON.parse(asRoot("pcgd status --json")) as Status;

/** All that the unit ever said on its serial console. */
export const consoleText = (): string => readFileSync(paths.log("pcg-a"), "utf8");

export const cutPower = (): string => lab("stop gateways --kill");

/** Turns the unit on and waits until it says that it is ready. */
export const powerOn = (): string => lab("start gateways");

/** Turns the unit on. `ready` comes when it says that it is, and not before what keeps it from it is mended. */
export function switchOn(): { readonly ready: Promise<void> } {
  const start = spawn(process.execPath, ["src/bin/lab.ts", "start", "gateways", "--name", LAB], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    ready: once(start, "exit").then(([status]) => {
      if (status !== 0) throw new Error(`the unit is not ready: lab start gateways ended with ${status}`);
    }),
  };
}

/** Another unit in its place, that was never on: an empty disk over the same image. */
export function replaceDisk(): void {
  const { disk } = machineFiles(paths, unit);
  sh(`image=$(qemu-img info --output=json ${disk} | grep -o '"full-backing-filename": "[^"]*"' | cut -d'"' -f4)
    qemu-img create -q -f qcow2 -b "$image" -F qcow2 ${disk}`);
}

/** Waits until the console says it, from a moment on. */
export const consoleSays = (what: RegExp, from: number, ms = 180_000): Promise<string> =>
  until(`the console says ${what}`, () => what.exec(consoleText().slice(from))?.[0], ms);
