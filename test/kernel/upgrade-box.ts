import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sh, until } from "./namespace.ts";

const PROGRAM = join(import.meta.dirname, "../../src/bin/pcg-upgrade.ts");

/** What a made-up product does when it is started and asked how it is. */
export interface Product {
  readonly version: string;
  readonly base?: string;
  readonly healthy?: boolean;
  readonly starts?: boolean;
  /** Random bytes in it. */
  readonly bulk?: number;
}

export interface Ended {
  readonly status: number | null;
  readonly said: string;
}

/**
 * An appliance's disk and product in a mount namespace: ext4, squashfs and loop devices are real, as is grubenv. Only
 * systemctl is a script that writes down what it is told.
 */
export class UpgradeBox {
  readonly folder = mkdtempSync(join(tmpdir(), "upgrade-"));
  readonly store = join(this.folder, "store");
  readonly product = join(this.folder, "opt");
  #namespace: ChildProcess | undefined;

  async start(): Promise<void> {
    const [bin, made] = [join(this.folder, "bin"), join(this.folder, "made")];
    for (const folder of [bin, made, this.store, this.product, this.path("keys"), this.path("run")])
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(bin, "systemctl"), systemctl(this.path("told"), this.product));
    chmodSync(join(bin, "systemctl"), 0o755);
    await this.run("keygen", "--key", this.path("key.pem"), "--public", this.path("keys/test.pem"));
    await this.bundle({ version: "1.0.0" });
    const namespace = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "infinity"]);
    this.#namespace = namespace;
    await until("a mount namespace", () => readFileSync(`/proc/${namespace.pid}/comm`, "utf8").startsWith("sleep"));
    this.inside(`
      truncate -s 200M ${this.path("disk.img")}
      mkfs.ext4 -q ${this.path("disk.img")}
      mount -o loop ${this.path("disk.img")} ${this.store}
      mkdir -p ${this.store}/boot/grub ${this.store}/slots
      cp -r ${made}/1.0.0 ${this.store}/slots/a
      grub-editenv ${this.grubenv} create
      grub-editenv ${this.grubenv} set good=a other=kept
      mount -t squashfs -o loop,ro ${this.store}/slots/a/product.squashfs ${this.product}`);
  }

  path = (name: string) => join(this.folder, name);

  get grubenv(): string {
    return join(this.store, "boot/grub/grubenv");
  }

  /** The namespace goes with its last process, and with it its mounts and their loop devices. */
  async stop(): Promise<void> {
    if (this.#namespace) {
      const gone = once(this.#namespace, "exit");
      this.#namespace.kill("SIGKILL");
      await gone;
    }
    rmSync(this.folder, { recursive: true });
  }

  #enter = (): string[] => (this.#namespace ? ["nsenter", `--mount=/proc/${this.#namespace.pid}/ns/mnt`] : ["env"]);

  inside = (command: string): string =>
    sh(`${this.#enter().join(" ")} bash -euo pipefail <<'END'\n${command}\nEND`).trimEnd();

  /** Starts pcg-upgrade with this box's places. */
  spawn(...args: readonly string[]): ChildProcess {
    const places = [
      "--store",
      this.store,
      "--product",
      this.product,
      "--run",
      this.path("run"),
      "--keys",
      this.path("keys"),
    ];
    const [program = "env", ...before] = this.#enter();
    return spawn(program, [...before, process.execPath, PROGRAM, ...args, ...places], {
      env: { ...process.env, PATH: `${this.path("bin")}:${process.env["PATH"]}` },
    });
  }

  async run(...args: readonly string[]): Promise<Ended> {
    return await endOf(this.spawn(...args));
  }

  /** Makes a version, and gives its bundle. */
  async bundle({ version, base = "base", healthy = true, starts = true, bulk = 0 }: Product): Promise<string> {
    const [slot, tree] = [this.path(`made/${version}`), this.path(`tree-${version}`)];
    sh(`mkdir -p ${slot} ${tree}/bin ${tree}/root
      printf 'kernel of %s' ${base} >${slot}/vmlinuz
      printf 'initrd of %s' ${base} >${slot}/initrd.img
      printf '#!/bin/sh\\necho ${version}\\nexit ${starts ? 0 : 1}\\n' >${tree}/bin/pcgd
      printf '#!/bin/sh\\necho "{\\\\"version\\\\":\\\\"${version}\\\\"}"\\nexit ${healthy ? 0 : 3}\\n' >${tree}/bin/pcg-boot
      chmod 755 ${tree}/bin/*
      head -c ${bulk} /dev/urandom >${tree}/bulk
      printf %s ${base} >${tree}/root/base
      mksquashfs ${tree}/root ${slot}/root.squashfs -quiet -noappend -all-time 0 -mkfs-time 0 >/dev/null
      mksquashfs ${tree}/bin ${tree}/bulk ${slot}/product.squashfs -quiet -noappend -keep-as-directory >/dev/null`);
    const out = this.path(`pcg-${version}.bundle`);
    const packed = await this.run(
      ...[
        "pack",
        "--slot",
        slot,
        "--version",
        version,
        "--kernel",
        "6.1.0",
        "--out",
        out,
        "--key",
        this.path("key.pem"),
      ],
    );
    if (packed.status !== 0) throw new Error(packed.said);
    return out;
  }

  async status(): Promise<Record<string, unknown>> {
    const { status, said } = await this.run("status", "--json");
    if (status !== 0) throw new Error(said);
    return JSON.parse(said) as Record<string, unknown>;
  }

  /** What systemctl was told since it was asked last. */
  told(): string[] {
    const lines = sh(`cat ${this.path("told")} 2>/dev/null || true; rm -f ${this.path("told")}`);
    return lines.split("\n").filter((line) => line !== "");
  }

  grubVariables = (): string[] => this.inside(`grub-editenv ${this.grubenv} list`).split("\n");

  /** Every file of slots and GRUB, by its content. */
  contents = (): string => this.inside(`cd ${this.store}; find slots boot -type f | sort | xargs sha256sum`);

  /** Files that are not what their slot's manifest says. */
  damaged(slot: "a" | "b"): string[] {
    const folder = join(this.store, "slots", slot);
    const sums = this.inside(`cd ${folder}; cat manifest.json | tr -d '\\n'; echo; sha256sum *.* vmlinuz`).split("\n");
    const manifest = JSON.parse(sums[0] ?? "") as { files: Record<string, { sha256: string }> };
    return Object.entries(manifest.files)
      .filter(([name, { sha256 }]) => !sums.includes(`${sha256}  ${name}`))
      .map(([name]) => name);
  }

  /** How many file systems are mounted on the product's place, one over the other. */
  mounts = (): number => Number(this.inside(`grep -c ' ${this.product} ' /proc/self/mountinfo || true`));

  version = (): string => this.inside(`${this.product}/bin/pcgd || true`);
}

export async function endOf(child: ChildProcess): Promise<Ended> {
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, said: said.join("") };
}

/** `restart` runs the product's pcgd, and fails as it does. */
const systemctl = (told: string, product: string) => `#!/bin/sh
case "$1" in
  restart) ${product}/bin/pcgd >/dev/null; failed=$?; echo "$* ($(${product}/bin/pcgd))" >>${told}; exit $failed ;;
  is-active|reset-failed) exit 0 ;;
  *) echo "$*" >>${told} ;;
esac
`;
