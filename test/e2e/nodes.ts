import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { inject } from "vitest";
import { parse, stringify } from "yaml";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import type { DesiredState } from "../../src/model/desired.ts";
import { Namespace, sh, until } from "../kernel/namespace.ts";

export const LAB = inject("laboratory");

/** A laboratory's node: commands run in its namespace. */
const node = (name: string) => Namespace.existing(`${LAB}-${name}`);

export const inet = node("inet");
export const vpc = node("vpc");
export const host = node("host");
export const gateway = node("pcg-a");
export const manager = node("mgr");
/** Inside the VMs, on the overlay. */
export const vm1 = node("vm-1-nsx");
export const vm2 = node("vm-2-nsx");
/** The VMs in the VPC: their tunnel endpoints. */
export const vm1Underlay = node("vm-1");
export const vm2Underlay = node("vm-2");

export const address = {
  inet: "198.51.100.10",
  host: "10.99.4.10",
  gateway: "192.168.100.1",
  vm1: "192.168.100.3",
  eip1: "203.0.113.10",
  pat: "203.0.113.11",
  tep: "10.99.3.44",
} as const;

const socket = `/run/pcg-${LAB}/a/pcgd.sock`;
export const configFile = `/run/pcg-${LAB}/a/pcgd.yaml`;
export const desiredFile = `/run/pcg-${LAB}/desired.yaml`;

/** What the command prints about the gateway. */
export const pcgd = (command: string): string =>
  sh(`${process.execPath} src/bin/pcgd.ts ${command} --socket ${socket}`);

export const status = async (): Promise<Status> => (await ask(socket, "/status")) as Status;

/** The address in a web server's answer: whom it saw. */
export const seenBy = (from: Namespace, url: string): string => {
  const answer = from.run(`curl -s --max-time 5 ${url}`);
  return /you are (\S+)/.exec(answer)?.[1] ?? answer;
};

/** Whether a ping comes back. */
export function pings(from: Namespace, to: string, options = ""): boolean {
  try {
    from.run(`ping -c 1 -W 1 ${options} ${to}`);
    return true;
  } catch {
    return false;
  }
}

/** How many packets were dropped for a reason so far. */
export const dropped = async (reason: string): Promise<number> =>
  (await status()).drops.find((d) => d.reason === reason)?.packets ?? 0;

/** How many more are dropped for a reason while `work` runs. */
export async function dropsDuring(reason: string, work: () => unknown): Promise<number> {
  const before = await dropped(reason);
  await work();
  return (await dropped(reason)) - before;
}

const readWish = (): DesiredState => parse(readFileSync(desiredFile, "utf8")) as DesiredState;

/** Writes a changed wish and waits until it is realized. Its undo writes the old one back and waits too. */
export async function wish(change: (want: DesiredState) => Partial<DesiredState>): Promise<() => Promise<void>> {
  const old = readWish();
  const undo = () => writeWish(old);
  await writeWish({ ...old, ...change(old) }).catch(async (error: unknown) => {
    await undo();
    throw error;
  });
  return undo;
}

async function writeWish(want: DesiredState): Promise<void> {
  const generation = readWish().generation + 1;
  // In one go: pcgd must not read half of it.
  writeFileSync(`${desiredFile}.new`, stringify({ ...want, generation }, { aliasDuplicateObjects: false }));
  renameSync(`${desiredFile}.new`, desiredFile);
  await until(`generation ${generation} realized`, async () => (await status()).desired.realized === generation);
}

/** A command of the laboratory's own, such as `stop nsx-manager`. */
export const lab = (command: string): string => sh(`${process.execPath} src/bin/lab.ts ${command} --name ${LAB}`);

/** Ends a daemon of the gateway with SIGKILL and starts it again. */
export const killAndRestart = (daemon: "pcgd" | "pcg-kernel"): string => lab(`restart ${daemon} --kill`);

/** The process id of one of the laboratory's daemons. @throws when it no longer runs */
export function labProcess(daemon: string): number {
  const { pid } = JSON.parse(readFileSync(`/run/pcg-${LAB}/processes/${daemon}.json`, "utf8")) as { pid: number };
  process.kill(pid, 0);
  return pid;
}

/** The process ids of the gateway's two daemons. */
export const daemons = (): number[] => ["pcgd-a", "pcg-kernel-a"].map(labProcess);
