import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../base/error.ts";
import { bringUp } from "../lab/foreground.edge.ts";
import { labPaths } from "../lab/lab-paths.ts";
import { down, exec, type LabDaemon, labDaemons, restart, startDaemon, stopDaemon } from "../lab/laboratory.edge.ts";
import type { Setup } from "../lab/setup.ts";
import { readStatus } from "../lab/status.edge.ts";
import { statusText } from "../lab/status.ts";
import { versionText } from "./version.ts";

const usage = `An AWS VPC with its gateways and VMs on this machine, out of network namespaces.

  lab up [--detach] [--alone]   build it, prove it with live fetches, and stay (Ctrl-C takes it down); with --alone the
                                gateway takes what is wanted from a file, and no manager runs
       [--image FILE]           gateways are virtual machines with this disk image (npm run image makes one)
  lab down                      take it down
  lab status [--json]           what lives
  lab exec NODE -- COMMAND      run a command in inet, vpc, mgr, host, pcg-a, vm-1, vm-1-underlay, …
  lab restart DAEMON [--kill]   end pcgd, pcg-kernel or nsx-manager (with SIGKILL) and start it again; gateways: the
                                virtual machines, of which --kill cuts the power
  lab stop DAEMON [--kill]      end it only
  lab start DAEMON              start it again

  --name NAME                   which laboratory; several can stand side by side (default: lab)
`;

const options = {
  name: { type: "string", default: "lab" },
  detach: { type: "boolean", default: false },
  alone: { type: "boolean", default: false },
  image: { type: "string" },
  json: { type: "boolean", default: false },
  kill: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", default: false },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [command, subject, program, ...args] = positionals;
  const lab = labPaths(values.name);
  if (values.help) return print(usage);
  if (values.version) return print(`${versionText("lab")}\n`);
  if (command === "up") return bringUp(lab, setupOf(values), values);
  if (command === "down") return down(lab).then(() => 0);
  if (command === "status") {
    const status = await readStatus(lab);
    return print(values.json ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status));
  }
  if (command === "exec" && subject && program) return exec(lab, subject, [program, ...args]);
  const change = changes[command ?? ""];
  if (change && isDaemon(subject)) return change(lab, subject, values).then(() => 0);
  process.stderr.write(usage);
  return 2;
}

/** What is done to one daemon. */
const changes: Readonly<Record<string, typeof restart>> = {
  restart,
  stop: stopDaemon,
  start: startDaemon,
};

const isDaemon = (name = ""): name is LabDaemon => labDaemons.some((daemon) => daemon === name);

const setupOf = ({ alone, image }: { alone: boolean; image?: string | undefined }): Setup => ({
  wishing: alone ? "file" : "manager",
  ...(image !== undefined && { image: resolve(image) }),
});

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  return 1;
});
