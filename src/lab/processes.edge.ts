import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabPaths, netnsFile } from "./lab-paths.ts";
import type { Daemon } from "./step.ts";

/** A process by what no other process ever has: its id together with when it started. */
export interface ProcessRecord {
  readonly daemon: string;
  readonly node: string;
  readonly pid: number;
  /** Clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly startedAt: string;
}

const recordFile = (lab: LabPaths, daemon: string) => `${lab.processes}/${daemon}.json`;

export function record(lab: LabPaths, { name, node }: Daemon, pid: number): void {
  const startedAt = startOf(pid);
  if (startedAt === undefined) return;
  const entry: ProcessRecord = { daemon: name, node, pid, startedAt };
  writeFileSync(recordFile(lab, name), `${JSON.stringify(entry)}\n`);
}

export const recorded = (lab: LabPaths): readonly ProcessRecord[] =>
  orElse([], () => readdirSync(lab.processes)).map((file) =>
    JSON.parse(readFileSync(`${lab.processes}/${file}`, "utf8")),
  );

export const isAlive = ({ pid, startedAt }: ProcessRecord): boolean => startOf(pid) === startedAt;

/** Ends a recorded process, and waits until it is gone. A process that merely has its id now is left alone. */
export async function stop(lab: LabPaths, daemon: string, { kill = false } = {}): Promise<void> {
  const entry = recorded(lab).find((r) => r.daemon === daemon);
  if (!entry) return;
  await end(entry, { kill });
  rmSync(recordFile(lab, daemon), { force: true });
}

const GRACE_MS = 5_000;

async function end(entry: ProcessRecord, { kill }: { kill: boolean }): Promise<void> {
  const giveUpAt = Date.now() + GRACE_MS;
  signal(entry, kill ? "SIGKILL" : "SIGTERM");
  while (isAlive(entry)) {
    await sleep(10);
    if (Date.now() > giveUpAt) signal(entry, "SIGKILL");
  }
}

function signal(entry: ProcessRecord, name: NodeJS.Signals): void {
  if (isAlive(entry)) orElse(undefined, () => process.kill(entry.pid, name));
}

/** Ends whatever still runs in a namespace that is about to go: what people started there with `lab exec`. */
export async function endAllIn(namespace: string): Promise<void> {
  const inode = orElse(undefined, () => statSync(netnsFile(namespace)).ino);
  if (inode === undefined) return;
  const inside = orElse([], () => readdirSync("/proc")).flatMap((entry): ProcessRecord[] => {
    const pid = Number(entry);
    const startedAt = Number.isInteger(pid) && livesIn(pid, inode) ? startOf(pid) : undefined;
    return startedAt === undefined ? [] : [{ daemon: "", node: "", pid, startedAt }];
  });
  await Promise.all(inside.map((entry) => end(entry, { kill: true })));
}

const livesIn = (pid: number, inode: number) =>
  orElse(false, () => readlinkSync(`/proc/${pid}/ns/net`) === `net:[${inode}]`);

/** When a process started; undefined if there is none, or only what its parent has not yet asked about. */
function startOf(pid: number): string | undefined {
  const stat = orElse("", () => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in brackets and may hold anything, brackets too.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}

/** What a look at a process gives if it ended in the meantime. */
function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
