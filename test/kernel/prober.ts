import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Namespace, until } from "./namespace.ts";

/** Whom is asked, and how long the answer is waited for. */
export interface Question {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** One SYN is sent meanwhile, not a second. Nobody here is further away than a wire of this machine. */
const WAIT_MS = 400;

/** Somebody in a namespace who asks others, many at once: a refusal is known by waiting, and so all wait together. */
export class Prober {
  readonly #program: ReturnType<Namespace["start"]>;
  readonly #asked = new Map<string, (answer: string) => void>();
  #last = 0;

  private constructor(namespace: Namespace, uid: number) {
    const argv = [join(import.meta.dirname, "probe.ts"), `${uid}`];
    this.#program = namespace.start(process.execPath, argv, ["pipe", "pipe", "pipe"]);
    const { stdout } = this.#program.child;
    if (!stdout) throw new Error("no pipe from the prober");
    createInterface({ input: stdout }).on("line", (line) => {
      const [id = "", answer = ""] = line.split(" ");
      this.#asked.get(id)?.(answer);
      this.#asked.delete(id);
    });
  }

  static async start(namespace: Namespace, { uid = 0 }: { readonly uid?: number } = {}): Promise<Prober> {
    const prober = new Prober(namespace, uid);
    await until("the prober is ready", () => prober.#program.said().includes("ready"));
    return prober;
  }

  /** The answer's first word: `here` from who echoes; nothing where nobody answers. */
  ask({ protocol, address, port }: Question, waitMs = WAIT_MS): Promise<string> {
    const id = `${++this.#last}`;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#program.child.stdin?.write(`${id} ${protocol} ${address} ${port} ${waitMs}\n`);
    });
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}
