import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootPaths } from "../../src/boot/boot-paths.ts";
import type { BootState } from "../../src/boot/state.ts";
import type { MetadataFaults, MetadataInstance } from "../../src/lab/metadata.ts";
import { metadataOf } from "../../src/lab/metadata-of.ts";
import { type GatewayUnit, macOf, subnetOf, topology } from "../../src/lab/topology.ts";
import { Namespace, sh, until } from "./namespace.ts";

const [unitA] = topology.units;
if (!unitA) throw new Error("the laboratory has no unit");
const unit: GatewayUnit = unitA;

/** What networkd would do with the files, and a note of it; what systemd is told is noted, and the firewall's sets are loaded. */
const networkctl = `#!/usr/bin/env bash
set -euo pipefail
echo "networkctl $*" >>"$NOTES"
for file in "$ROOT"/run/systemd/network/*.network; do
  mac=$(sed -n 's/^MACAddress=//p' "$file")
  name=$(ip -o link | awk -v mac="$mac" 'index($0, mac) { sub(/[:@].*/, "", $2); print $2 }')
  ip link set "$name" mtu "$(sed -n 's/^MTUBytes=//p' "$file")" up
  ip address replace "$(sed -n 's/^Address=//p' "$file")" dev "$name"
done
`;
const systemctl = `#!/usr/bin/env bash
set -euo pipefail
echo "systemctl $*" >>"$NOTES"
if [ "$*" = "reload pcg-lockdown.service" ]; then nft -f "$ROOT/run/pcg-lockdown/interfaces.nft"; fi
`;

/** Names in no order, as the kernel may give them. */
const nics = [
  { name: "ens5", eni: unit.downlink },
  { name: "ens6", eni: unit.management },
  { name: "ens7", eni: unit.uplink },
] as const;

/** A machine with three interfaces in a VPC with a metadata service, on which pcg-boot runs. */
export class BootBench {
  readonly root = mkdtempSync(join(tmpdir(), "pcg-boot-"));
  readonly paths = bootPaths(this.root);
  readonly machine = Namespace.create("boot");
  readonly #vpc = Namespace.create("vpc");
  readonly #file = join(this.root, "metadata.json");
  readonly #undo: (() => unknown)[] = [];
  #instance = metadataOf(topology, unit, { userData: "", keys: { operator: "ssh-ed25519 AAAA operator" } });

  constructor() {
    mkdirSync(join(this.root, "bin"));
    for (const [name, text] of Object.entries({ networkctl, systemctl })) {
      writeFileSync(join(this.root, "bin", name), text);
      chmodSync(join(this.root, "bin", name), 0o755);
    }
    this.#wire();
    this.lockDown();
    this.tell({});
    const args = ["src/lab/metadata-host.edge.ts", this.#file];
    const service = this.#vpc.start(process.execPath, args);
    this.#undo.push(() => service.stop());
  }

  /** Management has its lease from before; the rest is pcg-boot's to do. */
  #wire(): void {
    sh(`ip -n ${this.#vpc.name} address add 169.254.169.254/32 dev lo`);
    for (const { name, eni } of nics) {
      const { router, length } = subnetOf(topology, eni.subnet);
      sh(`ip link add ${name} address ${macOf(eni)} mtu 9001 netns ${this.machine.name} type veth \\
            peer name to-${name} mtu 9001 netns ${this.#vpc.name}
          ip -n ${this.#vpc.name} address add ${router}/${length} dev to-${name}
          ip -n ${this.#vpc.name} link set to-${name} up; ip -n ${this.machine.name} link set ${name} up`);
    }
    const { router, length } = subnetOf(topology, unit.management.subnet);
    sh(`ip -n ${this.machine.name} address add ${unit.management.address}/${length} dev ens6
        ip -n ${this.machine.name} route add default via ${router}`);
  }

  lockDown(): void {
    const set = (name: string) => `set ${name} { type ifname; }`;
    this.machine.run(`nft 'table inet appliance { ${set("management")}; ${set("downlink")}; }'`);
  }

  /** The world changes, all at once. */
  tell(change: Partial<MetadataInstance> & { readonly faults?: MetadataFaults }): void {
    this.#instance = { ...this.#instance, ...change };
    writeFileSync(`${this.#file}.next`, JSON.stringify({ instances: [this.#instance] }));
    renameSync(`${this.#file}.next`, this.#file);
  }

  /** What the metadata service gives as this instance's identity document, to who has a token. */
  identityDocument(): string {
    const ask = "curl -sS --retry 20 --retry-connrefused --retry-delay 1 -f";
    return this.machine.run(`
      token=$(${ask} -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
      ${ask} -H "x-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/dynamic/instance-identity/document`);
  }

  get interfaces() {
    return this.#instance.interfaces;
  }

  /** Starts `pcg-boot run`. */
  boot(): ReturnType<Namespace["start"]> {
    const command = ["netns", "exec", this.machine.name, "env", ...this.#environment(), ...this.#pcgBoot("run")];
    const daemon = this.machine.start("ip", command);
    this.#undo.push(() => daemon.stop("SIGTERM"));
    return daemon;
  }

  /** What another of its commands prints, whatever its exit code. */
  ask(...args: string[]): Promise<string> {
    const command = ["netns", "exec", this.machine.name, ...this.#pcgBoot(...args)];
    return new Promise((resolve) => {
      execFile("ip", command, { encoding: "utf8" }, (_, stdout) => resolve(stdout));
    });
  }

  #environment = () => [
    `PATH=${this.root}/bin:${process.env["PATH"]}`,
    `ROOT=${this.root}`,
    `NOTES=${this.root}/notes`,
  ];

  #pcgBoot = (...args: string[]) => [process.execPath, "src/bin/pcg-boot.ts", ...args, "--root", this.root];

  state = (): BootState => JSON.parse(readFileSync(this.paths.state, "utf8"));

  codes = (): string[] => this.state().problems.map(({ code }) => code);

  /** Waits for exactly these problems. */
  untilCodes = (...codes: string[]) =>
    until(`problems are ${codes.join(" ") || "none"}`, () => `${this.codes()}` === `${codes}`, 60_000).catch(
      (error) => {
        throw new Error(JSON.stringify(this.state().problems), { cause: error });
      },
    );

  text = (path: string): string => readFileSync(path, "utf8");

  /** What networkd and systemd were told. */
  notes = (): string[] => this.text(join(this.root, "notes")).trim().split("\n");

  sets = () => this.machine.run("nft -j list table inet appliance");

  undo(step: () => unknown): void {
    this.#undo.push(step);
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await step();
    this.machine.remove();
    this.#vpc.remove();
    rmSync(this.root, { recursive: true });
  }
}
