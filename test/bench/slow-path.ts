import { setTimeout as sleep } from "node:timers/promises";
import { kernelObjects } from "../../src/datapath/pipeline.ts";
import { type Entry, entriesOf, net, wishOf } from "./entries.ts";
import { LOAD_CPU, makeWireLike, measureGateway, steerFarEnds } from "./gateway-cpu.ts";
import { type Direction, Generator, routerMac } from "./generator.ts";
import type { BenchOptions } from "./options.ts";
import { realize, startOurGateway, writeTepNeighbours } from "./our-gateway.ts";
import { configurePeer, PEER_NAME } from "./peer-gateway.ts";
import { type Cell, type Findings, pairedCell } from "./report.ts";
import { type Side, turns } from "./statistics.ts";
import { buildTopology, links, type Topology } from "./topology.ts";
import { Undo } from "./undo.ts";

const sizes = [10, 10_000] as const;
const directions = ["out", "in"] as const satisfies Direction[];
/** UDP flows when there are fewer entries; else one flow an entry, so that every entry is used. */
const LEAST_FLOWS = 64;
const STREAMS = 4;
/** TCP payload of a 1500-byte packet with timestamps. */
const SEGMENT = 1_448;
/** Fewer delivered than this is not a measurement. */
const LEAST_DELIVERED = 5_000;

const notes = [
  "slow-path: ns of the gateway's CPU per delivered packet of 64 bytes, or per 1,448 delivered bytes of TCP. The CPU is",
  "  that of the two ports' NAPI threads and ksoftirqd on CPU 1 (schedstat); senders, iperf3 and TCP's receivers are on",
  "  CPU 0. It is no capacity: veth's ring of 256 frames drops under a flood, and ns per packet include what a far end's",
  "  UDP sink costs, the same for both. There is no NIC here: no driver, no checksum or segmentation offload of one, no",
  "  DMA. Softirq work that interrupts another task on CPU 1 is charged to that task and missing for both.",
];

interface Stand {
  readonly topology: Topology;
  readonly cpu: () => number;
  readonly generators: Readonly<Record<Direction, Generator>>;
}

/** Gateway CPU per packet through the slow path, ours and the kernel's own VXLAN gateway. */
export async function slowPath(options: BenchOptions, undo: Undo): Promise<Findings> {
  const cells: Cell[] = [];
  for (const size of sizes) {
    const scope = new Undo();
    undo.add(() => scope.all());
    cells.push(...(await compare(size, options, scope)));
    await scope.all();
  }
  return { cells, notes };
}

async function compare(size: number, options: BenchOptions, undo: Undo): Promise<Cell[]> {
  const entries = entriesOf(size);
  options.progress(`slow-path: two gateways with ${size} entries each`);
  const stands = { ours: await ourStand(entries, undo), peer: await peerStand(entries, undo) };
  const cells: Cell[] = [];
  const measure = async (work: string, cost: (stand: Stand, direction: Direction) => Promise<number>) => {
    for (const direction of directions) {
      const name = `${work}-${direction}-vxlan-${size}`;
      const rounds = await alternate(options, name, (side) => cost(stands[side], direction));
      cells.push(pairedCell({ name, unit: "ns", peerName: PEER_NAME, better: "less" }, rounds));
    }
  };
  for (const { topology } of Object.values(stands)) topology.setSink(true);
  for (const stand of Object.values(stands)) await establish(stand, Math.max(size, LEAST_FLOWS));
  await measure("udp64", (stand, direction) => udpCost(stand, direction, options.quick ? 400 : 1_500));
  for (const { topology } of Object.values(stands)) readyForTcp(topology);
  await measure("tcp-mtu", (stand, direction) => tcpCost(stand, direction, options.quick ? 1 : 3));
  return cells;
}

async function alternate(
  { rounds, progress }: BenchOptions,
  name: string,
  measure: (side: Side) => Promise<number>,
): Promise<Record<Side, number>[]> {
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  for (const side of turns(rounds)) {
    const value = await measure(side);
    progress(`${name} ${side}: ${value.toFixed(0)} ns`);
    found[side].push(value);
  }
  return found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN }));
}

async function ourStand(entries: readonly Entry[], undo: Undo): Promise<Stand> {
  const topology = buildTopology("ours", "geneve", undo);
  writeTepNeighbours(topology, entries);
  const ours = await startOurGateway(topology, undo);
  await realize(ours, kernelObjects(wishOf(entries), ours.unit));
  return stand(topology, entries, undo);
}

function peerStand(entries: readonly Entry[], undo: Undo): Promise<Stand> {
  const topology = buildTopology("peer", "vxlan", undo);
  writeTepNeighbours(topology, entries);
  configurePeer(topology, entries);
  return stand(topology, entries, undo);
}

async function stand(topology: Topology, entries: readonly Entry[], undo: Undo): Promise<Stand> {
  makeWireLike(topology);
  topology.vm.batch([
    `neigh replace ${net.gateway} lladdr ${routerMac(topology.gateway)} dev ${links.vm} nud permanent`,
  ]);
  const load = { entries, flows: Math.max(entries.length, LEAST_FLOWS) };
  const generators = {
    out: new Generator(topology, "out", load, undo),
    in: new Generator(topology, "in", load, undo),
  };
  return { topology, cpu: measureGateway(topology), generators };
}

/** Every flow is a connection that has been seen both ways before anything is measured. */
async function establish({ topology, generators }: Stand, flows: number): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    await generators.out.once();
    await generators.in.once();
    if (connections(topology) >= flows) return;
  }
  throw new Error(`only ${connections(topology)} of ${flows} connections came about`);
}

const connections = ({ gateway }: Topology) => Number(gateway.run("cat /proc/sys/net/netfilter/nf_conntrack_count"));

async function udpCost({ topology, cpu, generators }: Stand, direction: Direction, ms: number): Promise<number> {
  const [cpuBefore, sunkBefore] = [cpu(), topology.sunk()];
  generators[direction].flood(ms);
  await sleep(20);
  const delivered = topology.sunk() - sunkBefore;
  if (delivered < LEAST_DELIVERED) throw new Error(`only ${delivered} packets came through (${direction})`);
  return (cpu() - cpuBefore) / delivered;
}

function readyForTcp(topology: Topology): void {
  topology.setSink(false);
  steerFarEnds(topology, "away");
  topology.inet.start({ argv: ["iperf3", "-s", "-p", "5201"], cpu: LOAD_CPU });
}

async function tcpCost({ topology, cpu }: Stand, direction: Direction, seconds: number): Promise<number> {
  const reverse = direction === "in" ? ["-R"] : [];
  const before = cpu();
  const { out } = await topology.vm.finish({
    argv: ["iperf3", "-c", net.internet, "-P", `${STREAMS}`, "-t", `${seconds}`, "-J", ...reverse],
    cpu: LOAD_CPU,
  });
  const used = cpu() - before;
  return used / (receivedBytes(out) / SEGMENT);
}

function receivedBytes(text: string): number {
  const { end, error } = JSON.parse(text) as { end?: { sum_received?: { bytes: number } }; error?: string };
  const bytes = end?.sum_received?.bytes ?? 0;
  if (error !== undefined || bytes < LEAST_DELIVERED * SEGMENT) throw new Error(`iperf3: ${error ?? `${bytes} bytes`}`);
  return bytes;
}
