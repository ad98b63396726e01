import { cpus as machineCpus } from "node:os";
import { entriesOf } from "./entries.ts";
import { gatewayCpus } from "./gateway-cpu.ts";
import type { Direction } from "./generator.ts";
import { noGeneve } from "./geneve-gateway.ts";
import { noOpenVswitch } from "./open-vswitch.ts";
import type { BenchOptions } from "./options.ts";
import { ovsNotes } from "./ovs-gateway.ts";
import { type Work, works } from "./path-cells.ts";
import { type Cell, type Findings, pairedCell } from "./report.ts";
import {
  establish,
  floorStand,
  forwardStand,
  geneveStand,
  LEAST_FLOWS,
  type MakeStand,
  ourStand,
  ovsStand,
  type Stand,
  vxlanStand,
} from "./stands.ts";
import { type Side, turns } from "./statistics.ts";
import { Undo } from "./undo.ts";

const directions = ["out", "in"] as const satisfies Direction[];

const notes = [
  "paths: ns of the gateway's CPU per delivered packet of 64 bytes, per 1,448 delivered bytes of TCP, or per TCP",
  "  connection with one request; latency is a request's and its answer's time. The CPU is that of the two ports' NAPI",
  "  threads and ksoftirqd (schedstat), on CPU 1 or, with --cores 2, the uplink's on CPU 1 and the downlink's on CPU 2;",
  "  senders, iperf3 and TCP's receivers are on CPU 0. It is no capacity: of UDP no more frames are on their way than",
  "  veth's ring has places for, and ns per packet include what the far end's sink costs, the same for both. No NIC: no",
  "  driver, no checksum or segmentation offload of one, no DMA. Softirq work that interrupts another task on the",
  "  gateway's CPU is charged to that task and missing for both, except in tcp-64k.",
  "tcp-64k: TCP in aggregates of up to 64 KB, as from a VM or behind a NIC that merges. veth gives these to no thread;",
  "  they are steered (RPS) to the gateway's CPU, in interrupts. Added to the threads' CPU is what a thread of lowest",
  "  priority (SCHED_IDLE) on that CPU is charged for but did not have, by the clock that it looks at all the time; in",
  "  tcp-mtu, where nothing is in interrupts, that changes less than 3 %. Where other tasks had over 10 % of the CPU,",
  "  the cell is missing.",
];

/** Something else that does the job, or a part of it. */
interface Peer {
  readonly is: string;
  readonly make: MakeStand;
  /** A peer that terminates nothing can hold no conversation. */
  readonly talks: boolean;
  /** Of the work, what it cannot do. */
  readonly without?: readonly string[];
  /** What must be said with its figures. */
  readonly notes?: readonly string[];
  /** Why it cannot be made here, if so. */
  readonly missing?: () => string | undefined;
}

export const peers: Readonly<Record<string, Peer>> = {
  vxlan: { is: "kernel VXLAN + nftables maps", make: vxlanStand, talks: true },
  "geneve-flowtable": {
    ...{ is: "kernel geneve + nftables + flowtable", make: geneveStand, talks: true },
    missing: noGeneve,
  },
  ovs: {
    ...{ is: "Open vSwitch userspace + ct NAT", make: ovsStand, talks: true },
    ...{ without: ["tcp-64k"], notes: ovsNotes, missing: noOpenVswitch },
  },
  plain: { is: "plain forwarding: no tunnel, no NAT", make: forwardStand, talks: true },
  redirect: { is: "redirect only, no gateway", make: floorStand, talks: false },
};

/** Ours as it is, against each peer. */
export const fastPath = (options: BenchOptions, undo: Undo): Promise<Findings> =>
  compareAll({ ours: ourStand("on"), prefix: "" }, options.peers, options, undo);

/** Ours with the flow cache off, so that nftables sees every packet, against the peer that does as much. */
export const slowPath = (options: BenchOptions, undo: Undo): Promise<Findings> =>
  compareAll({ ours: ourStand("off"), prefix: "slow-" }, ["vxlan"], options, undo);

/** Our side of it; what its cells' names begin with. */
interface Ours {
  readonly ours: MakeStand;
  readonly prefix: string;
}

interface Comparison extends Ours {
  readonly peerName: string;
  readonly peer: Peer;
}

async function compareAll(ours: Ours, names: readonly string[], options: BenchOptions, undo: Undo): Promise<Findings> {
  const machine = machineCpus().length;
  if (options.cores >= machine) {
    const needed = options.cores + 1;
    return {
      cells: [],
      notes: [`${options.cores} cores: not measured; ${needed} CPUs are needed, this machine has ${machine}`],
    };
  }
  const cells: Cell[] = [];
  const [missed, own]: [string[], string[]] = [[], []];
  for (const peerName of names) {
    const peer = peers[peerName];
    const missing = peer?.missing?.();
    if (missing !== undefined) missed.push(`${peerName}: not measured; ${missing}`);
    if (!peer || missing !== undefined) continue;
    for (const size of options.sizes) {
      const scope = new Undo();
      undo.add(() => scope.all());
      cells.push(...(await compare({ ...ours, peerName, peer }, size, options, scope)));
      await scope.all();
    }
    own.push(...(peer.notes ?? []));
  }
  return { cells, notes: [...missed, ...(cells.length > 0 ? [...notes, ...own] : [])] };
}

const does = (peer: Peer, work: Work) => !peer.without?.includes(work.name) && (peer.talks || !work.talks);

async function compare(comparison: Comparison, size: number, options: BenchOptions, undo: Undo): Promise<Cell[]> {
  options.progress(`${comparison.prefix}${comparison.peerName}: two gateways with ${size} entries each`);
  const stands = await makeBoth(comparison, size, options, undo);
  const cells: Cell[] = [];
  for (const work of Object.values(works)) {
    if (!options.works.includes(work.name) || !does(comparison.peer, work)) continue;
    for (const stand of Object.values(stands)) await work.prepare(stand);
    for (const direction of directions) {
      const cell = await measure(comparison, stands, work, direction, size, options);
      if (cell) cells.push(cell);
    }
  }
  return cells;
}

/** Both gateways, with connections already. */
async function makeBoth({ ours, peer }: Comparison, size: number, { cores }: BenchOptions, undo: Undo) {
  const [entries, cpus] = [entriesOf(size), gatewayCpus(cores)];
  const stands = { ours: await ours(entries, cpus, undo), peer: await peer.make(entries, cpus, undo) };
  for (const { topology } of Object.values(stands)) topology.setSink(true);
  for (const stand of Object.values(stands)) await establish(stand, Math.max(size, LEAST_FLOWS));
  return stands;
}

async function measure(
  { prefix, peerName, peer }: Comparison,
  stands: Readonly<Record<Side, Stand>>,
  work: Work,
  direction: Direction,
  size: number,
  options: BenchOptions,
): Promise<Cell | undefined> {
  const name = `${prefix}${work.name}-${direction}-${peerName}-${size}${options.cores === 2 ? "-2-cores" : ""}`;
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  for (const side of turns(options.rounds)) {
    const value = await work.cost(stands[side], direction, options);
    options.progress(
      `${name} ${side}: ${value === undefined ? "others use its CPU" : `${value.toFixed(0)} ${work.unit}`}`,
    );
    if (value === undefined) return undefined;
    found[side].push(value);
  }
  const rounds = found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN }));
  return pairedCell({ name, unit: work.unit, peerName: peer.is, better: "less" }, rounds);
}
