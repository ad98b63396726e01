import { spawn } from "node:child_process";
import { once } from "node:events";
import { quote, sh } from "../kernel/namespace.ts";
import type { Undo } from "./undo.ts";

interface Program {
  readonly argv: readonly [string, ...string[]];
  /** Which it may use, as taskset takes them. */
  readonly cpu?: number | string;
}

/** Nothing of a machine's own IPv6 chatter runs in it. */
const quiet = "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";

/** A network namespace of the bench's own, gone when `undo` is. */
export class BenchNamespace {
  readonly name: string;
  readonly file: string;
  readonly #undo: Undo;

  constructor(name: string, undo: Undo) {
    this.name = `bench-${process.pid}-${name}`;
    this.file = `/run/netns/${this.name}`;
    this.#undo = undo;
    sh(`ip netns add ${this.name}`);
    undo.add(() => void sh(`ip netns del ${this.name}`));
    sh(`ip -n ${this.name} link set lo up`);
    this.run(`sysctl -qw ${quiet}`);
  }

  /** Runs shell commands in its network, with the machine's own files. */
  run(command: string): string {
    return sh(`nsenter --net=${this.file} bash -euo pipefail -c ${quote(command)}`);
  }

  /** Runs shell commands that look at its interfaces under /sys. */
  runWithSys(command: string): string {
    return sh(`ip netns exec ${this.name} bash -euo pipefail -c ${quote(command)}`);
  }

  batch(lines: readonly string[]): void {
    sh(`ip -n ${this.name} -batch - <<'END'\n${lines.join("\n")}\nEND`);
  }

  index(link: string): number {
    const [found] = JSON.parse(sh(`ip -n ${this.name} -j link show dev ${link}`)) as { ifindex: number }[];
    return found?.ifindex ?? 0;
  }

  mac(link: string): string {
    const [found] = JSON.parse(sh(`ip -n ${this.name} -j link show dev ${link}`)) as { address: string }[];
    return found?.address ?? "";
  }

  /** Starts a program that runs until it is stopped, at the latest by `undo`. */
  start(program: Program) {
    const child = this.#spawn(program);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-10_000);
      });
    }
    const stop = async (signal: NodeJS.Signals = "SIGKILL") => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    };
    this.#undo.add(() => stop());
    return { child, stop, said: () => said };
  }

  /** Runs a program to its end. What it printed, and how it ended. */
  async finish(program: Program): Promise<{ readonly out: string; readonly code: number | null }> {
    const { child, stop } = { ...this.#running(program) };
    const out: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => out.push(chunk.toString()));
    this.#undo.add(stop);
    const [code] = (await once(child, "close")) as [number | null];
    return { out: out.join(""), code };
  }

  #running(program: Program) {
    const child = this.#spawn(program);
    return { child, stop: () => void (child.exitCode === null && child.kill("SIGKILL")) };
  }

  #spawn({ argv, cpu }: Program) {
    const pinned = cpu === undefined ? [] : ["taskset", "-c", `${cpu}`];
    return spawn("nsenter", [`--net=${this.file}`, "--", ...pinned, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  }
}
