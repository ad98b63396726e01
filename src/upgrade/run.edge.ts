import { spawn } from "node:child_process";
import { messageOf } from "../base/error.ts";

export interface Ran {
  /** Its exit status, or why it has none. */
  readonly status: number | string;
  readonly out: string;
  readonly err: string;
}

/** Of each of its outputs; what comes after is read and forgotten. */
const MOST_CHARACTERS = 1024 * 1024;

/** Runs a program to its end, or to a limit. */
export function run(argv: readonly [string, ...string[]], { limitMs }: { readonly limitMs: number }): Promise<Ran> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: limitMs, killSignal: "SIGKILL" });
    const out: string[] = [];
    const err: string[] = [];
    const end = (status: Ran["status"]) => resolve({ status, out: out.join("").trim(), err: err.join("").trim() });
    child.stdout.setEncoding("utf8").on("data", keepIn(out));
    child.stderr.setEncoding("utf8").on("data", keepIn(err));
    child.on("error", (error) => end(messageOf(error)));
    child.on("close", (code, signal) => end(code ?? signal ?? "gone"));
  });
}

function keepIn(kept: string[]): (text: string) => void {
  let room = MOST_CHARACTERS;
  return (text) => {
    if (room > 0) kept.push(text.slice(0, room));
    room -= text.length;
  };
}
