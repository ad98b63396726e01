import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PcgError } from "../base/error.ts";
import { type LabPaths, netnsFile } from "./lab-paths.ts";
import { endAllIn, record, stop } from "./processes.edge.ts";
import { run, type Started, start } from "./run.edge.ts";
import { type Daemon, type Step, type Undo, undoOf } from "./step.ts";

/** Does one step. How to undo it is written down first, so that no crash can leave what `down` does not know of. */
export async function apply(lab: LabPaths, step: Step): Promise<void> {
  const undo = undoOf(step);
  if (undo) appendFileSync(lab.journal, `${JSON.stringify(undo)}\n`);
  switch (step.kind) {
    case "namespace":
      await run({ argv: ["ip", "netns", "add", step.name] });
      return;
    case "directory":
      await run({ argv: ["install", "-d", ...ownership(step.owner), "-m", step.mode ?? "0755", step.path] });
      return;
    case "file":
      writeFileSync(step.path, step.text, { mode: 0o644 });
      return;
    case "bpffs":
      mkdirSync(step.path, { recursive: true });
      await run({ argv: ["mount", "-t", "bpf", "-o", "mode=0700", "bpf", step.path] });
      await run({ argv: ["chown", step.owner, step.path] });
      return;
    case "run":
      await run(step);
      return;
    case "daemon":
      await startDaemon(lab, step);
  }
}

function ownership(owner?: string): string[] {
  const [user = "root", group = "root"] = owner?.split(":") ?? [];
  return ["-o", user, "-g", group];
}

async function startDaemon(lab: LabPaths, daemon: Daemon): Promise<void> {
  if (daemon.pidFile) {
    await run(daemon);
    record(lab, daemon, Number(readFileSync(daemon.pidFile, "utf8")));
    return;
  }
  const before = logOf(daemon).length;
  const started = await start(daemon);
  record(lab, daemon, started.pid);
  const { socket, url, says } = daemon;
  if (says) await answering(daemon, () => Promise.resolve(logOf(daemon).includes(says, before)), started);
  if (socket) await answering(daemon, () => connects(socket), started);
  if (url) await answering(daemon, () => answers(daemon, url), started);
}

/** Long enough on an emulated machine: a daemon that ended is noticed at once. */
const READY_MS = 300_000;
/** Long enough for one that is itself an emulated machine, on a busy one. */
const MACHINE_READY_MS = 600_000;

/** Waits until the daemon is there. @throws LAB_FAILED with the end of its log */
async function answering(daemon: Daemon, isThere: () => Promise<boolean>, { ending }: Started): Promise<void> {
  const { name, log, says } = daemon;
  const giveUpAt = Date.now() + (says === undefined ? READY_MS : MACHINE_READY_MS);
  while (!(await isThere())) {
    const ended = ending();
    const problem = ended === undefined ? "does not answer" : `ended with ${ended}`;
    if (ended !== undefined || Date.now() > giveUpAt)
      throw new PcgError("LAB_FAILED", { daemon: name, problem, log, end: endOf(daemon) });
    await sleep(50);
  }
}

const connects = (path: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

/** Whoever it is: who needs to know looks at the certificate. */
const answers = ({ namespace }: Daemon, url: string) =>
  run({ argv: ["curl", "-sfk", "--max-time", "2", url], ...(namespace && { namespace }) }).then(
    () => true,
    () => false,
  );

const LOG_LINES = 8;

const endOf = (daemon: Daemon): string => logOf(daemon).trimEnd().split("\n").slice(-LOG_LINES).join("\n");

const logOf = ({ log }: Daemon): string => (existsSync(log) ? readFileSync(log, "utf8") : "");

/** Processes before what they hold, and files last. */
const order: readonly Undo["kind"][] = ["stop", "unmount", "delete-namespace", "remove"];

/**
 * Undoes all of it; what is gone already is fine, and what cannot be undone does not keep the rest from it.
 * @throws LAB_FAILED of the first that could not be
 */
export async function undoAll(lab: LabPaths, undos: readonly Undo[]): Promise<void> {
  const once = [...new Map(undos.map((undo) => [JSON.stringify(undo), undo])).values()];
  const failed: unknown[] = [];
  for (const kind of order) {
    const done = await Promise.allSettled(once.filter((u) => u.kind === kind).map((u) => undoOne(lab, u)));
    failed.push(...done.flatMap((result) => (result.status === "rejected" ? [result.reason] : [])));
  }
  if (failed.length > 0) throw failed[0];
}

async function undoOne(lab: LabPaths, undo: Undo): Promise<void> {
  switch (undo.kind) {
    case "stop":
      return stop(lab, undo.daemon);
    case "unmount":
      if (isMounted(undo.path)) await run({ argv: ["umount", undo.path] });
      return;
    case "delete-namespace":
      await endAllIn(undo.name);
      if (existsSync(netnsFile(undo.name))) await run({ argv: ["ip", "netns", "del", undo.name] });
      return;
    case "remove":
      rmSync(undo.path, { recursive: true, force: true });
  }
}

const isMounted = (path: string) =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[1] === path);

/** What earlier steps wrote down. A last line cut short by a crash belongs to a step that was not begun. */
export function readJournal({ journal }: LabPaths): readonly Undo[] {
  if (!existsSync(journal)) return [];
  return readFileSync(journal, "utf8")
    .split("\n")
    .flatMap((line) => (line.endsWith("}") ? [JSON.parse(line)] : []));
}
