import { PcgError } from "../src/base/error.ts";
import { VirtualClock } from "../src/base/virtual-clock.ts";
import { Boot } from "../src/boot/boot.ts";
import { bootPaths } from "../src/boot/boot-paths.ts";
import type { GatewayFacts } from "../src/boot/check.ts";
import type { Host, MachineFacts } from "../src/boot/host.ts";
import type { Nic } from "../src/boot/role.ts";
import type { BootState } from "../src/boot/state.ts";
import type { BootFile } from "../src/boot/unit-files.ts";
import { readMetadata } from "../src/cloud/read-metadata.ts";
import { refused } from "../src/cloud/refused.ts";
import { answerMetadata, type MetadataInstance, type MetadataInterface } from "../src/lab/metadata.ts";
import { metadataOf } from "../src/lab/metadata-of.ts";
import { topology } from "../src/lab/topology.ts";
import { readMac } from "../src/net/mac.ts";

const [unit] = topology.units;
if (!unit) throw new Error("the laboratory has no unit");

const PIN = `sha256:${"0123456789abcdef".repeat(4)}`;
export const alone =
  "#cloud-config\npcg:\n  unit: a\n  desired: { generation: 1, segments: [], teps: [], endpoints: [], tier0: { uplinkRoutes: [] } }\n";
export const managed = `#cloud-config\npcg:\n  unit: a\n  manager: { urls: ["https://10.99.250.10"], pin: "${PIN}", token: once }\n`;

const healthy: GatewayFacts = {
  ...{ wished: 1, realized: 1, refused: [], lastError: null, inSync: 42, troubled: [], programs: 6 },
  ...{ controller: null, certificate: null },
};

/** A machine in the cloud, as far as pcg-boot can tell, on a clock that a test moves. */
export class BootWorld implements Host {
  readonly clock = new VirtualClock();
  readonly paths = bootPaths("");
  readonly files = new Map<string, string>();
  /** What was done, as an operator would write it. */
  readonly done: string[] = [];
  readonly consoleLines: string[] = [];
  instance: MetadataInstance = metadataOf(topology, unit as NonNullable<typeof unit>, {
    userData: alone,
    keys: { operator: "ssh-ed25519 AAAA operator" },
  });
  /** Names in no order. */
  present: Nic[] = this.instance.interfaces.map((i, n) => this.nicOf(i, ["ens7", "ens5", "ens6"][n] ?? "ens9"));
  /** Whose disk is full. */
  full: (path: string) => boolean = () => false;
  /** Commands that fail. */
  failing: (command: string) => boolean = () => false;
  enrolFails: PcgError | undefined;
  credentials = false;
  gatewayFacts: GatewayFacts | string = "connect ENOENT /run/pcg/pcgd.sock";
  #generation = 0;

  nicOf({ mac, addresses, subnet }: MetadataInterface, name: string): Nic {
    const parsed = readMac(mac);
    if (!parsed) throw new TypeError(mac);
    return { name, mac: parsed, up: true, mtu: 9001, addresses: [`${addresses[0]}/${subnet.split("/")[1]}`] };
  }

  /** A power-on, or a restart of the process: one of them at a time. */
  boot({ isPowerOn = true } = {}): void {
    if (isPowerOn) for (const path of this.files.keys()) if (path.startsWith("/run/")) this.files.delete(path);
    this.#generation += 1;
    const own = this.#generation;
    // What the one before still has in hand comes to nothing.
    const clock = {
      now: () => this.clock.now(),
      wall: () => this.clock.wall(),
      after: (ms: number, fn: () => void) => this.clock.after(ms, () => own === this.#generation && fn()),
    };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    new Boot({ host: this, clock, log, paths: this.paths, version: "1.2.3", slot: "a" }).start();
  }

  /** Lets so much time pass, and all that is due in it come to its end. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    await settled();
    while (this.clock.now() < until) {
      this.clock.advance(Math.min(250, until - this.clock.now()));
      await settled();
    }
  }

  tell(change: Partial<MetadataInstance>): void {
    this.instance = { ...this.instance, ...change };
  }

  /** The daemons are up, and do what they should. */
  serve(facts: Partial<GatewayFacts> = {}): void {
    this.gatewayFacts = { ...healthy, ...facts };
  }

  get state(): BootState {
    return JSON.parse(this.files.get(this.paths.state) ?? "null");
  }

  get codes(): string[] {
    return this.state.problems.map(({ code }) => code);
  }

  get isReady(): boolean {
    return this.files.has(this.paths.ready);
  }

  get commands(): string[] {
    return this.done.filter((line) => !line.startsWith("write ") && !line.startsWith("remove "));
  }

  metadata() {
    const from = this.instance.interfaces[0]?.addresses[0] ?? "10.99.2.10";
    const ask = (method: string, url: string, headers: Record<string, string>) =>
      new Promise<{ status: number; body: Uint8Array }>((resolve) => {
        const at = this.clock.wall();
        const { delayMs, ...answer } = answerMetadata(
          { instances: [this.instance] },
          { method, url, headers, from, at },
        );
        this.clock.after(delayMs, () => resolve(answer));
      });
    return readMetadata({
      get: async (path) => {
        const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
        const token = await ask("PUT", "/latest/api/token", ttl);
        if (token.status !== 200) throw refused("api/token", token.status);
        if (token.body.length === 0) throw new PcgError("CLOUD_METADATA_INCOMPLETE", { path: "api/token" });
        const header = { "x-aws-ec2-metadata-token": Buffer.from(token.body).toString() };
        const { status, body } = await ask("GET", `/latest/${path}`, header);
        if (status === 200) return body;
        if (status === 404) return undefined;
        throw refused(path, status);
      },
    });
  }

  nics = async () => this.present;

  read = (path: string) => this.files.get(path);

  write({ path, text }: BootFile): void {
    if (this.full(path))
      throw new PcgError("BOOT_FILE_UNWRITABLE", { file: path, why: "ENOSPC: no space left on device" });
    if (!path.startsWith("/run/pcg/boot/") && !path.endsWith(".issue")) this.done.push(`write ${path}`);
    this.files.set(path, text);
  }

  remove(path: string): void {
    this.files.delete(path);
  }

  putAway(path: string, suffix: string): void {
    this.done.push(`put away ${path} as ${path}.${suffix}`);
    if (path === this.paths.credentials) this.credentials = false;
    this.files.delete(path);
  }

  async run(argv: readonly string[]): Promise<void> {
    const command = argv.join(" ");
    this.done.push(command);
    if (this.failing(command)) throw new PcgError("BOOT_COMMAND_FAILED", { command, said: "it does not want to" });
  }

  hasCredentials = () => this.credentials;

  async enrol(): Promise<void> {
    this.done.push("enrol");
    if (this.enrolFails) throw this.enrolFails;
    this.credentials = true;
  }

  gateway = async () => this.gatewayFacts;

  async machine(routers: readonly string[]): Promise<MachineFacts> {
    return {
      neighbours: routers,
      ...{ missingModules: [], hasBtf: true, isClockSynchronised: true },
      forwards: typeof this.gatewayFacts !== "string" && this.gatewayFacts.realized !== null,
      udpSockets: typeof this.gatewayFacts === "string" ? [] : ["10.99.3.44:6081"],
      disk: { freeBytes: 900 * 1024 * 1024, bytes: 2_000 * 1024 * 1024 },
    };
  }

  console(line: string): void {
    this.consoleLines.push(line);
  }
}

/** Promises that lead to promises, to their end. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
