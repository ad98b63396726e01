import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import { PcgError } from "../../src/base/error.ts";
import { ManagerClient } from "../../src/manager/http/client.edge.ts";
import { EtcdCluster } from "./etcd-cluster.ts";
import { inside } from "./inside.ts";
import { until } from "./namespace.ts";
import { startUnit } from "./unit-bench.ts";

const POLICY = "/policy/api/v1";
const HOSTS = ["127.0.0.2", "127.0.0.3"];

type Started = ReturnType<Awaited<ReturnType<typeof startUnit>>["namespace"]["start"]>;

/** A manager, by its command line, and a client of it. */
export class RunningManager {
  readonly host: string;
  readonly #start: () => Started;
  #daemon: Started;
  #client: ManagerClient | undefined;
  readonly #folder: string;

  /** @param folder of its own files */
  constructor(host: string, folder: string, start: () => Started) {
    this.host = host;
    this.#folder = folder;
    this.#start = start;
    this.#daemon = start();
  }

  /** Until it is up. @param keys the folder with the administrator's token @throws Error when it ends instead */
  async ready(keys: string): Promise<void> {
    await until(`manager ${this.host} is up`, async () => {
      if (this.#daemon.child.exitCode !== null) throw new Error(this.said());
      const text = (name: string) => readFileSync(join(keys, name), "utf8");
      const options = { url: `https://${this.host}`, token: text("admin.token"), authority: text("authority.pem") };
      this.#client?.close();
      this.#client = new ManagerClient(options);
      return (await this.#client.get("/healthz"))["status"] === "UP";
    });
  }

  get client(): ManagerClient {
    if (!this.#client) throw new Error(`manager ${this.host} is not ready`);
    return this.#client;
  }

  get folder(): string {
    return this.#folder;
  }

  said = (): string => this.#daemon.said();

  signal = (signal: NodeJS.Signals) => void this.#daemon.child.kill(signal);

  /** Its exit status; null: it runs. */
  status = (): number | null => this.#daemon.child.exitCode;

  async kill(): Promise<void> {
    await this.#daemon.stop("SIGKILL");
  }

  /** Ends it as systemd would. @returns its exit status */
  async end(): Promise<number | null> {
    await this.#daemon.stop("SIGTERM");
    return this.#daemon.child.exitCode;
  }

  start(): void {
    this.#daemon = this.#start();
  }

  /** Tries again while the manager or its store cannot, as a client should. */
  patch = (path: string, body: object): Promise<void> => again(PASSING, () => this.client.patch(POLICY + path, body));

  /** What it makes of an object, again where another was faster. */
  change = (path: string, made: (now: Readonly<Record<string, unknown>>) => object): Promise<unknown> =>
    again(new Set(["MANAGER_CONFLICT"]), async () => this.client.put(POLICY + path, made(await this.get(path))));

  get = (path: string) => this.client.get(POLICY + path);

  list = (path: string) => this.client.list(POLICY + path);

  isRealized = async (path: string): Promise<boolean> =>
    (await this.get(`/infra/realized-state/status?intent_path=${path}`))["publish_status"] === "REALIZED";
}

/** Asks until it goes well, or fails for another reason than these. */
async function again<T>(codes: ReadonlySet<string>, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PcgError) || !codes.has(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const PASSING: ReadonlySet<string> = new Set(["MANAGER_STORE", "MANAGER_UNREACHABLE", "MANAGER_TOO_FAST"]);

/** A real gateway and an agent, that enrolled with two managers over an etcd of three members: all in one namespace. */
export class ManagedUnit {
  readonly unit: Awaited<ReturnType<typeof startUnit>>;
  readonly etcd: EtcdCluster;
  readonly managers: readonly RunningManager[];
  readonly #undo: (() => unknown)[];

  private constructor(
    unit: ManagedUnit["unit"],
    etcd: EtcdCluster,
    managers: readonly RunningManager[],
    undo: (() => unknown)[],
  ) {
    this.unit = unit;
    this.etcd = etcd;
    this.managers = managers;
    this.#undo = undo;
  }

  static async start(): Promise<ManagedUnit> {
    const unit = await startUnit();
    const undo: (() => unknown)[] = [() => unit.stop()];
    undo.push(inside(unit.namespace));
    const etcd = await EtcdCluster.start(3);
    undo.push(() => etcd.stop());
    const managers = HOSTS.map((host, n) => {
      const folder = join(unit.dir, `manager-${n}`);
      const where = ["--listen", `${host}:443`, "--controller", `${host}:1235`, "--name", host];
      const args = ["src/bin/nsx-manager.ts", "run", "--store", etcd.spec("pcg", n), "--state", folder, ...where];
      const one = new RunningManager(host, folder, () => unit.namespace.start(process.execPath, args));
      undo.push(() => one.kill());
      return one;
    });
    const made = new ManagedUnit(unit, etcd, managers, undo);
    await made.ready();
    return made;
  }

  /** Until managers are up. One of them was the first, and has the administrator's token. */
  async ready(): Promise<void> {
    const first = await until("there is a token", () =>
      this.managers.find(({ folder }) => {
        try {
          return readFileSync(join(folder, "admin.token"), "utf8");
        } catch {
          return false;
        }
      }),
    );
    for (const manager of this.managers) await manager.ready(first.folder);
  }

  path = (name: string): string => join(this.unit.dir, name);

  manager(n: number): RunningManager {
    const found = this.managers[n];
    if (!found) throw new Error(`there is no manager ${n}`);
    return found;
  }

  /** Gets a node its certificate, by a token of one manager, from the other. */
  async enrol(role: string, id: string): Promise<void> {
    const { token } = await this.manager(0).client.post(`${POLICY}/enrolment/tokens`, { role, id });
    const managers = this.managers.toReversed().flatMap(({ host }) => ["--manager", `https://${host}`]);
    const pin = `@${join(this.manager(0).folder, "pin")}`;
    const args = ["enrol", "--credentials", this.path(id), ...managers, "--pin", pin, "--token", String(token)];
    this.unit.namespace.run(`${process.execPath} src/bin/pcgd.ts ${args.join(" ")}`);
  }

  startPcgd() {
    mkdirSync(this.path("state"), { recursive: true });
    const config = { ...this.unit.config, controller: { hosts: HOSTS, id: "ccp" }, agents: {} };
    writeFileSync(this.path("managed.yaml"), JSON.stringify(config));
    const args = ["run", "--config", this.path("managed.yaml"), "--credentials", this.path("pcg-a")];
    const daemon = this.unit.namespace.start(process.execPath, [
      ...["src/bin/pcgd.ts", ...args, "--state", this.path("state")],
      ...["--kernel", this.path("kernel.sock"), "--socket", this.path("pcgd.sock")],
    ]);
    this.#undo.push(() => daemon.stop());
    return daemon;
  }

  /** Everything the agent has said, line by line. */
  startAgent(id: string): () => readonly string[] {
    return this.#watch(process.execPath, ["test/kernel/agent.ts", "5555", "pcg-a", this.path(id)]);
  }

  /** Everything that is removed in the kernel from now on, line by line. */
  watchRemovals(): () => readonly string[] {
    const all = [
      this.#watch("nft", ["monitor", "destroy", "rules"]),
      this.#watch("nft", ["monitor", "destroy", "elements"]),
      this.#watch("ip", ["-o", "monitor", "route", "rule", "link"]),
    ];
    return () => all.flatMap((said) => said()).filter((line) => /^\s*delete|^Deleted/i.test(line));
  }

  #watch(file: string, args: readonly string[]): () => readonly string[] {
    const { child, stop } = this.unit.namespace.start(file, args, ["ignore", "pipe", "inherit"]);
    this.#undo.push(() => stop());
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    return () => said.split("\n").filter((line) => line !== "");
  }

  status = async (): Promise<Status> => (await ask(this.path("pcgd.sock"), "/status")) as Status;

  /** Whom the gateway follows, and the other. */
  async followed(): Promise<{ readonly followed: RunningManager; readonly other: RunningManager }> {
    return until("the gateway follows a manager", async () => {
      const { controller } = await this.status();
      if (!controller?.state.connected) return undefined;
      const followed = this.managers.find(({ host }) => controller.state.address === `${host}:1235`);
      const other = this.managers.find((one) => one !== followed);
      return followed && other && { followed, other };
    });
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.toReversed()) await step();
  }
}
