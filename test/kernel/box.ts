import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Namespace, quote, sh, until } from "./namespace.ts";

interface BoxOptions {
  /** What is started. */
  readonly start: string;
  /** What is in /etc/pcg. */
  readonly config: Readonly<Record<string, string>>;
  /** More unit files, drop-ins say. */
  readonly units: Readonly<Record<string, string>>;
}

/** The appliance as far as a container goes: systemd with its units, in a network namespace (box.sh). */
export class Box {
  readonly #folder: string;
  readonly #main: ReturnType<Namespace["start"]>;

  constructor(network: Namespace, { start, config, units }: BoxOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), "box-"));
    const put = (place: string, files: Readonly<Record<string, string>>) => {
      mkdirSync(join(this.#folder, place));
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(this.#folder, place, name)), { recursive: true });
        writeFileSync(join(this.#folder, place, name), text);
      }
    };
    put("config", config);
    put("units", units);
    this.#main = network.start(join(import.meta.dirname, "box.sh"), [this.#folder, process.cwd(), start]);
  }

  /** What a command prints that runs in the box. */
  run(command: string): string {
    return sh(`nsenter --target ${this.#processOne()} --all --root --wd bash -euo pipefail -c ${quote(command)}`);
  }

  /** A property of a unit. */
  show(unit: string, property: string): string {
    return this.run(`systemctl show --value -p ${property} ${unit}`).trim();
  }

  /** What a unit logged, and what systemd says of it. */
  journal(unit: string): string {
    return this.run(`journalctl --no-pager -o cat -u ${unit}`);
  }

  async remove(): Promise<void> {
    await this.#main.stop();
    const name = readFileSync(join(this.#folder, "cgroup-name"), "utf8").trim();
    const cgroup = join(this.#folder, "cgroup");
    sh(`mount -t cgroup2 cgroup2 ${cgroup}`);
    await until("its processes are gone", () =>
      sh(`find ${cgroup}/${name} -depth -type d -exec rmdir {} +; echo gone`),
    );
    sh(`umount ${cgroup}`);
    rmSync(this.#folder, { recursive: true });
  }

  /** unshare's only child. */
  #processOne(): number {
    return Number(readFileSync(`/proc/${this.#main.child.pid}/task/${this.#main.child.pid}/children`, "utf8"));
  }
}
