import { readdirSync, readFileSync } from "node:fs";
import { pin } from "./thread.ts";
import { links, type Topology } from "./topology.ts";

/** Senders and receivers run on CPU 0. */
export const LOAD_CPU = 0;

/** The gateway's: that of the uplink's thread, and that of the downlink's, if it is another. */
export type GatewayCpus = readonly [uplink: number] | readonly [uplink: number, downlink: number];
export const gatewayCpus = (cores: 1 | 2): GatewayCpus => (cores === 2 ? [1, 2] : [1]);

const portsOf = ([uplink, downlink = uplink]: GatewayCpus) =>
  [
    { port: links.uplink, cpu: uplink },
    { port: links.downlink, cpu: downlink },
  ] as const;

/** What one packet takes is no more than this, with the tunnel's headers in front. */
const AGGREGATE = 65_400;

function threads(): Map<number, string> {
  return new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          return [[Number(pid), readFileSync(`/proc/${pid}/comm`, "utf8").trim()] as const];
        } catch {
          return []; // ended meanwhile
        }
      }),
  );
}

/** Nanoseconds that a thread was on a CPU so far (Documentation/scheduler/sched-stats.rst). */
export const threadTime = (pid: number, thread: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);

/** The same of all threads of a process. */
const processTime = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadTime(pid, Number(thread)), 0);

/**
 * Gives each port of a gateway a kernel thread of its own on the gateway's CPUs, and says what they and those CPUs'
 * ksoftirqd have used. Softirq work that a thread raises (the overlay device's, the VXLAN device's GRO cells) runs on
 * top of it and is in its figure.
 * @param processes what else is the gateway: every thread of them counts
 */
export function measureGateway(topology: Topology, cpus: GatewayCpus, processes: readonly number[]): () => number {
  const before = threads();
  for (const { port } of portsOf(cpus)) {
    topology.gateway.run(`ethtool -K ${port} gro on >/dev/null`);
    topology.gateway.runWithSys(`echo 1 >/sys/class/net/${port}/threaded`);
  }
  const all = threads();
  const own = [...all].filter(([pid, name]) => !before.has(pid) && name.startsWith("napi/bench-")).map(([pid]) => pid);
  if (own.length < 2) throw new Error("the gateway's ports got no threads of their own");
  for (const { port, cpu } of portsOf(cpus))
    for (const pid of own) if (all.get(pid)?.startsWith(`napi/${port}`)) pin(pid, 1 << cpu);
  const softirqs = [...all].filter(([, name]) => cpus.some((cpu) => name === `ksoftirqd/${cpu}`)).map(([pid]) => pid);
  const counted = [...own, ...softirqs, ...processes];
  return () => counted.reduce((sum, pid) => sum + processTime(pid), 0);
}

/** For a gateway that takes single frames only: the ports keep their threads, which veth has with GRO alone. */
export function neverMerge({ gateway }: Topology): void {
  for (const port of [links.uplink, links.downlink]) gateway.batch([`link set dev ${port} gro_max_size 1`]);
}

/** Frames as they are on a wire: no longer than the MTU, checksums finished, merged where they are received. */
export function makeWireLike({ inet, host }: Topology): void {
  inet.run(`ethtool -K ${links.internet} tx off tso off gso off >/dev/null`);
  host.run(`ethtool -K ${links.wire} tso off gso off tx-udp_tnl-segmentation off gro on >/dev/null`);
}

/**
 * Aggregates as they come from a host of the same machine, or from a NIC that merges: up to 64 KB each, checksums to be
 * finished by whoever needs them. veth does not give these to the ports' threads; they are steered (RPS) to the
 * gateway's CPUs all the same, where they run in whatever is interrupted.
 */
export function makeAggregates({ inet, host, vm, gateway }: Topology, cpus: GatewayCpus): void {
  const offloads = "tx on tso on gso on";
  inet.run(`ethtool -K ${links.internet} ${offloads} >/dev/null`);
  host.run(`ethtool -K ${links.wire} tso on gso on tx-udp_tnl-segmentation on >/dev/null`);
  vm.run(`ethtool -K ${links.vm} ${offloads} >/dev/null`);
  // With the tunnel's headers in front, the whole is still an IPv4 packet.
  inet.batch([`link set dev ${links.internet} gso_max_size ${AGGREGATE}`]);
  vm.batch([`link set dev ${links.vm} gso_max_size ${AGGREGATE}`]);
  for (const { port, cpu } of portsOf(cpus))
    gateway.runWithSys(`echo ${1 << cpu} >/sys/class/net/${port}/queues/rx-0/rps_cpus`);
}

/**
 * Whether what a gateway sends is received on the senders' CPU (RPS) or at once, on the gateway's. TCP's receivers
 * would outweigh the gateway; a counting sink must not lose what the gateway has done.
 */
export function steerFarEnds({ inet, host }: Topology, where: "away" | "at once"): void {
  const mask = where === "away" ? 1 << LOAD_CPU : 0;
  const steer = (link: string) => `echo ${mask} >/sys/class/net/${link}/queues/rx-0/rps_cpus`;
  inet.runWithSys(steer(links.internet));
  host.runWithSys(steer(links.wire));
}
