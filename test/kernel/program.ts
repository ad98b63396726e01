import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import type { Namespace } from "./namespace.ts";

/** A program of ours, by its file in src/bin. Its undo kills it. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  #said = "";

  /** @param log a file for standard error; left out: it is kept for {@link said} */
  constructor(
    name: string,
    args: readonly string[],
    { namespace, log }: { namespace?: Namespace | undefined; log?: string } = {},
  ) {
    const stderr = log === undefined ? "pipe" : openSync(log, "a");
    const enter = namespace ? ["nsenter", `--net=/run/netns/${namespace.name}`] : [];
    const [file = "", ...rest] = [...enter, process.execPath, `src/bin/${name}.ts`, ...args];
    this.#child = spawn(file, rest, { stdio: ["ignore", "pipe", stderr] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#said += chunk.toString();
      });
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", (status, signal) => resolve({ status, signal }));
    });
  }

  /** `nsenter` keeps the one it got. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  said = (): string => this.#said;

  runs = (): boolean => this.#child.exitCode === null && this.#child.signalCode === null;

  signal = (signal: NodeJS.Signals): void => void this.#child.kill(signal);

  /** What it ended with, and said. */
  async ended(): Promise<{ status: number | null; signal: NodeJS.Signals | null; said: string }> {
    return { ...(await this.#ended), said: this.#said };
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
