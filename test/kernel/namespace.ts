import { execFileSync, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";

/** Runs a command to its end; what it printed. Throws with what it said when it fails. */
export const sh = (command: string): string =>
  execFileSync("bash", ["-euo", "pipefail", "-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** A network namespace. */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static create(name: string): Namespace {
    const made = new Namespace(`t-${process.pid}-${name}`);
    sh(`ip netns add ${made.name}; ip -n ${made.name} link set lo up`);
    return made;
  }

  /** One that somebody else made. */
  static existing = (name: string): Namespace => new Namespace(name);

  run(command: string): string {
    return sh(`nsenter --net=/run/netns/${this.name} bash -euo pipefail -c ${quote(command)}`);
  }

  /** Starts a program in it. Its undo kills it and waits until it is gone. */
  start(file: string, args: readonly string[], stdio: StdioOptions = ["ignore", "ignore", "pipe"]) {
    const child = spawn("nsenter", [`--net=/run/netns/${this.name}`, file, ...args], { stdio });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const stop = async (signal: NodeJS.Signals = "SIGKILL") => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    };
    return { child, stop, said: () => said };
  }

  remove(): void {
    sh(`ip netns del ${this.name}`);
  }
}

export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Waits until `look` gives something, asking often. Throws with `what` when it never does. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 15_000): Promise<NonNullable<T>> {
  const end = performance.now() + ms;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come true in ${ms} ms`, { cause: last });
}
