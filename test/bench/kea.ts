import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sh } from "../kernel/namespace.ts";
import { type DhcpStand, dhcpNet } from "./dhcp-stand.ts";
import { LOAD_CPU } from "./gateway-cpu.ts";
import { BenchNamespace } from "./namespace.ts";
import type { Undo } from "./undo.ts";

/** `debian`: as Debian 12 configures it, which in Kea 2.2 is one thread. `threads`: two, on both CPUs. */
export type KeaThreads = "debian" | "threads";

const config = (leases: string, threads: KeaThreads) => ({
  Dhcp4: {
    "interfaces-config": { interfaces: ["srv0"] },
    "lease-database": { type: "memfile", "lfc-interval": 3600, persist: true, name: leases },
    "valid-lifetime": 86_400,
    "multi-threading": { "enable-multi-threading": threads === "threads", "thread-pool-size": 2 },
    subnet4: [
      {
        subnet: dhcpNet.subnet,
        pools: dhcpNet.ranges.map(({ first, last }) => ({ pool: `${first} - ${last}` })),
        "option-data": [{ name: "routers", data: dhcpNet.server }],
      },
    ],
    loggers: [{ name: "kea-dhcp4", severity: "WARN", output_options: [{ output: "stderr" }] }],
  },
});

/** Kea on a cable of its own, without any tunnel. Its leases are written to a file that nobody syncs. */
export function startKea(threads: KeaThreads, undo: Undo): DhcpStand {
  const server = new BenchNamespace(`kea-${threads}`, undo);
  const client = new BenchNamespace(`kea-${threads}-client`, undo);
  sh(`ip link add srv0 netns ${server.name} type veth peer name cli0 netns ${client.name}
      ip -n ${server.name} addr add ${dhcpNet.server}/${dhcpNet.length} dev srv0; ip -n ${server.name} link set srv0 up
      ip -n ${client.name} addr add ${dhcpNet.relay}/${dhcpNet.length} dev cli0; ip -n ${client.name} link set cli0 up`);
  const dir = mkdtempSync(join(tmpdir(), "pcg-bench-kea-"));
  undo.add(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "kea.json");
  writeFileSync(file, JSON.stringify(config(join(dir, "leases.csv"), threads)));
  const daemon = server.start({
    argv: ["env", "KEA_LOCKFILE_DIR=none", `KEA_PIDFILE_DIR=${dir}`, "kea-dhcp4", "-c", file],
    ...(threads === "debian" ? { cpu: LOAD_CPU } : {}),
  });
  return { client, link: "cli0", said: daemon.said, stop: () => daemon.stop("SIGTERM") };
}
