import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quote, sh, until } from "../kernel/namespace.ts";
import type { BenchNamespace } from "./namespace.ts";
import type { Undo } from "./undo.ts";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
/** What Debian's ovs-ctl gives ovs-vswitchd. */
const NICE = "-10";

/** An Open vSwitch of a namespace's own: its database, its sockets and its bridges are nobody else's. */
export interface OpenVswitch {
  /** Of ovs-vswitchd, which is the datapath too. */
  readonly pid: number;
  /** Runs shell commands with ovs-vsctl, ovs-ofctl and ovs-appctl meaning this one. */
  run(command: string): string;
}

/** Starts one on some CPUs (a list for taskset). The system's own, if it runs, is not touched. */
export async function startOpenVswitch(namespace: BenchNamespace, cpus: string, undo: Undo): Promise<OpenVswitch> {
  const dir = mkdtempSync(join(tmpdir(), "pcg-bench-ovs-"));
  undo.add(() => rmSync(dir, { recursive: true, force: true }));
  const [db, socket] = [join(dir, "conf.db"), `unix:${join(dir, "db.sock")}`];
  const env = ["RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR"].map((name) => `OVS_${name}=${dir}`);
  const control = join(dir, "vswitchd.ctl");
  const exports = `export ${env.join(" ")}; ovs-vsctl() { command ovs-vsctl --timeout=60 --db=${socket} "$@"; }
    ovs-appctl() { command ovs-appctl --target=${control} "$@"; }\n`;
  const run = (command: string) => namespace.run(exports + command);
  const quiet = ["-vconsole:warn", "-vsyslog:off", "-vfile:off"];
  sh(`ovsdb-tool create ${db} ${SCHEMA}`);
  const start = (...argv: string[]) => namespace.start({ argv: ["env", ...env, ...argv], cpu: cpus });
  start("ovsdb-server", ...quiet, `--remote=p${socket}`, `--unixctl=${join(dir, "db.ctl")}`, db);
  await until("ovsdb-server answers", () => run("ovs-vsctl --no-wait init; echo yes"));
  const daemon = start("nice", "-n", NICE, "ovs-vswitchd", ...quiet, `--unixctl=${control}`, socket);
  await until("ovs-vswitchd answers", () => run("ovs-appctl version")).catch((error) => {
    throw new Error(`ovs-vswitchd: ${daemon.said()}`, { cause: error });
  });
  if (daemon.child.pid === undefined) throw new Error("ovs-vswitchd has no process");
  return { pid: daemon.child.pid, run };
}

/** Why there is none here, if so. */
export function noOpenVswitch(): string | undefined {
  try {
    execFileSync("bash", ["-c", `type ovs-vswitchd ovsdb-server ovs-vsctl && test -e ${quote(SCHEMA)}`]);
    return undefined;
  } catch {
    return "Open vSwitch is not installed (Debian's openvswitch-switch)";
  }
}
