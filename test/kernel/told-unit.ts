import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { newRequest } from "../../src/lcp/request.ts";
import { Authority, type AuthorityFiles, newAuthority } from "../../src/manager/enrol/authority.ts";
import type { ReportBody } from "../../src/model/report.ts";
import { until } from "./namespace.ts";
import { startUnit } from "./unit-bench.ts";

const PORT = 1235;
const AGENTS_PORT = 5555;

/** A unit between a controller, gateway `pcg-a` and agent `vm-1`, each of which a test starts and kills. */
export class ToldUnit {
  readonly unit: Awaited<ReturnType<typeof startUnit>>;
  readonly #undo: (() => unknown)[] = [];

  private constructor(unit: Awaited<ReturnType<typeof startUnit>>) {
    this.unit = unit;
  }

  /** @param hosts where a controller may be */
  static async start(hosts: readonly string[]): Promise<ToldUnit> {
    const made = new ToldUnit(await startUnit());
    const authority = await newAuthority("ours", Date.now());
    for (const identity of [
      { role: "manager", id: "ccp" },
      { role: "gateway", id: "pcg-a" },
      { role: "agent", id: "vm-1" },
    ] as const)
      await made.#credentials(identity, authority);
    const config = { ...made.unit.config, controller: { hosts, id: "ccp" }, agents: {} };
    writeFileSync(made.path("told.yaml"), JSON.stringify(config));
    return made;
  }

  path = (name: string): string => join(this.unit.dir, name);

  async #credentials(identity: Identity, authority: AuthorityFiles): Promise<void> {
    const folder = this.path(identity.id);
    mkdirSync(folder);
    const { key, request } = await newRequest();
    const { pem } = await new Authority(authority).issue(request, { identity, forMs: 3_600_000 }, Date.now());
    const files = { certificate: pem, key, authority: authority.certificate };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), text);
  }

  startController(host = "127.0.0.1") {
    const args = ["test/kernel/controller.ts", host, `${PORT}`, this.path("ccp")];
    const { child, stop } = this.unit.namespace.start(process.execPath, args, ["pipe", "pipe", "inherit"]);
    this.#undo.push(() => stop());
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    return {
      stop,
      said: () => said,
      /** What the gateway reports, newest last. */
      reports: () => said.split("\n").flatMap((line) => reportIn(line)),
      tell: (what: object) => child.stdin?.write(`${JSON.stringify(what)}\n`),
    };
  }

  startPcgd() {
    const args = ["run", "--config", this.path("told.yaml"), "--credentials", this.path("pcg-a")];
    const daemon = this.unit.namespace.start(process.execPath, [
      ...["src/bin/pcgd.ts", ...args, "--state", this.path("state")],
      ...["--kernel", this.path("kernel.sock"), "--socket", this.path("pcgd.sock")],
    ]);
    this.#undo.push(() => daemon.stop());
    return daemon;
  }

  startAgent(id: string) {
    const args = ["test/kernel/agent.ts", `${AGENTS_PORT}`, "pcg-a", this.path(id)];
    const { child, stop } = this.unit.namespace.start(process.execPath, args, ["ignore", "pipe", "inherit"]);
    this.#undo.push(() => stop());
    let last = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      last = chunk.toString().trim().split("\n").at(-1) ?? last;
    });
    return { stop, last: () => last };
  }

  status = async (): Promise<Status> => (await ask(this.path("pcgd.sock"), "/status")) as Status;

  /** Everything wished is realized, and this is what it is. */
  realized = (is: (now: Status) => boolean) =>
    until("it is realized", async () => {
      const now = await this.status();
      return now.desired.wished !== null && now.desired.realized === now.desired.wished && is(now);
    });

  ruleset = (): string => this.unit.namespace.run("nft -s list ruleset; ip -4 rule; ip -4 route show table all");

  async stop(): Promise<void> {
    for (const step of this.#undo.reverse()) await step();
    await this.unit.stop();
  }
}

/** What the controller of test/kernel/controller.ts knows of the gateway. */
interface Reported {
  /** Where the controller is. */
  readonly at: number;
  readonly connected: boolean;
  readonly gateway: ReportBody<"gateway"> | null;
  readonly problems: readonly ReportBody<"problem">[];
  readonly agents: readonly ReportBody<"agent">[];
  readonly leases: readonly ReportBody<"lease">[];
}

const reportIn = (line: string): Reported[] =>
  line.startsWith("report ") ? [JSON.parse(line.slice("report ".length)) as Reported] : [];

export const TEP = "10.99.3.248";

export const port = (key: string, ip: string, mac: string, segment = "web") => ({
  ...{ type: "port", key, body: { segment, mac, ip, tep: TEP, node: key } },
});

export const eip = (overlayIp: string) => ({
  type: "eip",
  key: "1",
  body: { address: "203.0.113.10", secondary: { a: "10.99.1.20" }, overlayIp },
});

/** A segment with a VM, its Elastic IP, and a rule that lets in. */
export const everything = [
  { type: "tep", key: TEP, body: { address: TEP } },
  { type: "segment", key: "web", body: { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" } },
  port("vm-1", "192.168.100.3", "02:00:00:00:03:0a"),
  { type: "route", key: "default", body: { list: "uplink", prefix: "0.0.0.0/0" } },
  eip("192.168.100.3"),
  { type: "rule", key: "in", body: { section: "s", order: [0, 0], id: "in", action: "ALLOW", direction: "IN" } },
];
