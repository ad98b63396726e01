import { entriesOf } from "./entries.ts";
import type { Direction } from "./generator.ts";
import { noGeneve } from "./geneve-gateway.ts";
import type { BenchOptions } from "./options.ts";
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
  type Stand,
  vxlanStand,
} from "./stands.ts";
import { type Side, turns } from "./statistics.ts";
import { Undo } from "./undo.ts";

const directions = ["out", "in"] as const satisfies Direction[];

const notes = [
  "paths: ns of the gateway's CPU per delivered packet of 64 bytes, per 1,448 delivered bytes of TCP, or per TCP",
  "  connection with one request; latency is a request's and its answer's time. The CPU is that of the two ports' NAPI",
  "  threads and ksoftirqd on CPU 1 (schedstat); senders, iperf3 and TCP's receivers are on CPU 0. It is no capacity:",
  "  veth's ring of 256 frames drops under a flood, and ns per packet include what a far end's UDP sink costs, the same",
  "  for both. There is no NIC here: no driver, no checksum or segmentation offload of one, no DMA. Softirq work that",
  "  interrupts another task on CPU 1 is charged to that task and missing for both. TCP in segments of 64 KB has no",
  "  figure: veth does not give them to the thread that is charged.",
];

/** What is compared with what. */
interface Comparison {
  readonly name: string;
  readonly ours: MakeStand;
  readonly peer: MakeStand;
  readonly peerName: string;
  /** A peer that terminates nothing can hold no conversation. */
  readonly talks: boolean;
  /** Why it cannot be made here, if so. */
  readonly missing?: () => string | undefined;
}

const fast = { ours: ourStand("on"), talks: true } as const;

const vxlan = { ...fast, name: "fast", peer: vxlanStand, peerName: "kernel VXLAN + nftables maps" };
const slow = { ...vxlan, name: "slow", ours: ourStand("off") };
const geneve = {
  ...fast,
  name: "geneve",
  peer: geneveStand,
  peerName: "kernel geneve + nftables + flowtable",
  missing: noGeneve,
};
const forward = { ...fast, name: "forward", peer: forwardStand, peerName: "plain forwarding: no tunnel, no NAT" };
const redirect = { ...fast, name: "floor", talks: false, peer: floorStand, peerName: "redirect only, no gateway" };

const bench = (comparison: Comparison) => (options: BenchOptions, undo: Undo) => compareAll(comparison, options, undo);

/** Ours as it is against the kernel's own VXLAN gateway. */
export const fastPath = bench(vxlan);
/** The same with the flow cache off, so that nftables sees every packet. */
export const slowPath = bench(slow);
/** Against the fastest gateway that the kernel's own parts make. */
export const kernelGeneve = bench(geneve);
/** How far ours is from a router that does nothing else. */
export const plainForwarding = bench(forward);
/** How far ours is from doing nothing at all. */
export const floor = bench(redirect);

async function compareAll(comparison: Comparison, options: BenchOptions, undo: Undo): Promise<Findings> {
  const missing = comparison.missing?.();
  if (missing !== undefined) return { cells: [], notes: [`${comparison.name}: not measured; ${missing}`] };
  const cells: Cell[] = [];
  for (const size of options.sizes) {
    const scope = new Undo();
    undo.add(() => scope.all());
    cells.push(...(await compare(comparison, size, options, scope)));
    await scope.all();
  }
  return { cells, notes };
}

async function compare(comparison: Comparison, size: number, options: BenchOptions, undo: Undo): Promise<Cell[]> {
  const entries = entriesOf(size);
  options.progress(`${comparison.name}: two gateways with ${size} entries each`);
  const stands = { ours: await comparison.ours(entries, undo), peer: await comparison.peer(entries, undo) };
  for (const { topology } of Object.values(stands)) topology.setSink(true);
  for (const stand of Object.values(stands)) await establish(stand, Math.max(size, LEAST_FLOWS));
  const cells: Cell[] = [];
  for (const work of Object.values(works)) {
    if (!options.works.includes(work.name) || (work.talks && !comparison.talks)) continue;
    for (const stand of Object.values(stands)) await work.prepare(stand);
    for (const direction of directions) cells.push(await measure(comparison, stands, work, direction, size, options));
  }
  return cells;
}

async function measure(
  { name: comparison, peerName }: Comparison,
  stands: Readonly<Record<Side, Stand>>,
  work: Work,
  direction: Direction,
  size: number,
  options: BenchOptions,
): Promise<Cell> {
  const name = `${comparison}-${work.name}-${direction}-${size}`;
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  for (const side of turns(options.rounds)) {
    const value = await work.cost(stands[side], direction, options);
    options.progress(`${name} ${side}: ${value.toFixed(0)} ${work.unit}`);
    found[side].push(value);
  }
  const rounds = found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN }));
  return pairedCell({ name, unit: work.unit, peerName, better: "less" }, rounds);
}
