import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { messageOf, PcgError } from "../base/error.ts";
import { netnsFile } from "./lab-paths.ts";
import type { Command, Daemon } from "./step.ts";

/** Nothing of the caller's environment reaches the laboratory but where programs are. */
const cleanEnvironment = (extra: Command["env"]) => ({
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
  HOME: "/root",
  ...extra,
});

/** Only the network is entered: `ip netns exec` would also mount another /sys, under which no bpffs is found. */
function commandLine({ argv, namespace }: Command): readonly [string, ...string[]] {
  return namespace ? ["nsenter", `--net=${netnsFile(namespace)}`, "--", ...argv] : argv;
}

/** Runs a command to its end and gives what it printed. @throws LAB_FAILED */
export function run(command: Command, { timeoutMs = 120_000 } = {}): Promise<string> {
  const [program, ...args] = commandLine(command);
  return new Promise((resolve, reject) => {
    const refuse = (detail: Record<string, unknown>, cause?: unknown) =>
      reject(new PcgError("LAB_FAILED", { command: shown(command), ...detail }, cause));
    const child = spawn(program, args, { env: cleanEnvironment(command.env), timeout: timeoutMs });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
    child.on("error", (error) => refuse({ problem: messageOf(error) }, error));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(out.join(""));
      else refuse({ exit: code ?? signal, said: err.join("").trim() });
    });
    // A program that ends without reading all of its input says why by its exit status.
    child.stdin.on("error", () => undefined);
    child.stdin.end(command.stdin ?? "");
  });
}

export interface Started {
  /** `nsenter`, `unshare` and `setpriv` all keep the one they got. */
  readonly pid: number;
  /** Its exit status or the signal that killed it, once we were told. */
  readonly ending: () => number | string | undefined;
}

/** Starts a process that outlives us. @throws LAB_FAILED */
export async function start(daemon: Daemon): Promise<Started> {
  const [program, ...args] = commandLine(daemon);
  const log = openSync(daemon.log, "a", 0o644);
  try {
    const child = spawn(program, args, {
      env: cleanEnvironment(daemon.env),
      detached: true,
      stdio: ["ignore", log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => reject(new PcgError("LAB_FAILED", { daemon: daemon.name }, error)));
      child.on("spawn", () => resolve(child.pid ?? 0));
    });
    let ending: number | string | undefined;
    child.on("exit", (code, signal) => {
      ending = code ?? signal ?? undefined;
    });
    child.unref();
    return { pid, ending: () => ending };
  } finally {
    closeSync(log);
  }
}

/** Runs a command on the caller's terminal and gives its exit status. */
export function attach(command: Command): Promise<number> {
  const [program, ...args] = commandLine(command);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    // The terminal sends Ctrl-C to the command as well; it decides what to do, and we wait for it.
    const stay = () => undefined;
    process.on("SIGINT", stay);
    child.on("error", (error) => reject(new PcgError("LAB_FAILED", { command: shown(command) }, error)));
    child.on("close", (code) => {
      process.off("SIGINT", stay);
      resolve(code ?? 1);
    });
  });
}

const shown = (command: Command) => commandLine(command).join(" ");
