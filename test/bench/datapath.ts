import { setTimeout as sleep } from "node:timers/promises";
import { kernelObjects } from "../../src/datapath/pipeline.ts";
import { type Entry, entriesOf, net, wishOf } from "./entries.ts";
import { configureFloor, FLOOR_NAME } from "./floor-gateway.ts";
import { LOAD_CPU, makeWireLike, measureGateway, steerFarEnds } from "./gateway-cpu.ts";
import { type Direction, Generator } from "./generator.ts";
import type { BenchOptions } from "./options.ts";
import { realize, startOurGateway, writeTepNeighbours } from "./our-gateway.ts";
import { configurePeer, PEER_DEVICE, PEER_NAME } from "./peer-gateway.ts";
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
  "paths: ns of the gateway's CPU per delivered packet of 64 bytes, or per 1,448 delivered bytes of TCP. The CPU is",
  "  that of the two ports' NAPI threads and ksoftirqd on CPU 1 (schedstat); senders, iperf3 and TCP's receivers are on",
  "  CPU 0. It is no capacity: veth's ring of 256 frames drops under a flood, and ns per packet include what a far end's",
  "  UDP sink costs, the same for both. There is no NIC here: no driver, no checksum or segmentation offload of one, no",
  "  DMA. Softirq work that interrupts another task on CPU 1 is charged to that task and missing for both.",
];

interface Stand {
  readonly topology: Topology;
  readonly cpu: () => number;
  /** Whether it tracks connections. */
  readonly connects: boolean;
  readonly generators: Readonly<Record<Direction, Generator>>;
}

type MakeStand = (entries: readonly Entry[], undo: Undo) => Promise<Stand>;

/** What is compared with what. */
interface Comparison {
  readonly name: string;
  readonly ours: MakeStand;
  readonly peer: MakeStand;
  readonly peerName: string;
  /** A peer that terminates nothing can carry no connection. */
  readonly tcp: boolean;
}

/** Gateway CPU per packet, ours as it is, and the kernel's own VXLAN gateway. */
export const fastPath = (options: BenchOptions, undo: Undo): Promise<Findings> =>
  compareSizes({ name: "fast", ours: ourStand("on"), peer: peerStand, peerName: PEER_NAME, tcp: true }, options, undo);

/** The same with the flow cache off, so that nftables sees every packet. */
export const slowPath = (options: BenchOptions, undo: Undo): Promise<Findings> =>
  compareSizes({ name: "slow", ours: ourStand("off"), peer: peerStand, peerName: PEER_NAME, tcp: true }, options, undo);

/** How far ours is from doing nothing at all. */
export const floor = (options: BenchOptions, undo: Undo): Promise<Findings> =>
  compareSizes(
    { name: "floor", ours: ourStand("on"), peer: floorStand, peerName: FLOOR_NAME, tcp: false },
    options,
    undo,
  );

async function compareSizes(comparison: Comparison, options: BenchOptions, undo: Undo): Promise<Findings> {
  const cells: Cell[] = [];
  for (const size of sizes) {
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
  const cells: Cell[] = [];
  const measure = async (work: string, cost: (stand: Stand, direction: Direction) => Promise<number>) => {
    for (const direction of directions) {
      const name = `${comparison.name}-${work}-${direction}-${size}`;
      const rounds = await alternate(options, name, (side) => cost(stands[side], direction));
      cells.push(pairedCell({ name, unit: "ns", peerName: comparison.peerName, better: "less" }, rounds));
    }
  };
  for (const { topology } of Object.values(stands)) topology.setSink(true);
  for (const stand of Object.values(stands)) await establish(stand, Math.max(size, LEAST_FLOWS));
  await measure("udp64", (stand, direction) => udpCost(stand, direction, options.quick ? 400 : 1_500));
  if (!comparison.tcp) return cells;
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

const ourStand =
  (flowCache: "on" | "off"): MakeStand =>
  async (entries, undo) => {
    const topology = buildTopology("ours", "geneve", undo);
    writeTepNeighbours(topology, entries);
    const ours = await startOurGateway(topology, undo, { flowCache });
    await realize(ours, kernelObjects(wishOf(entries), ours.unit));
    return stand(topology, entries, undo, "overlay0");
  };

async function floorStand(entries: readonly Entry[], undo: Undo): Promise<Stand> {
  const topology = buildTopology("peer", "geneve", undo);
  configureFloor(topology, undo);
  return { ...(await stand(topology, entries, undo, links.downlink)), connects: false };
}

function peerStand(entries: readonly Entry[], undo: Undo): Promise<Stand> {
  const topology = buildTopology("peer", "vxlan", undo);
  writeTepNeighbours(topology, entries);
  configurePeer(topology, entries);
  return stand(topology, entries, undo, PEER_DEVICE);
}

/** @param router the device whose MAC VMs send to */
async function stand(topology: Topology, entries: readonly Entry[], undo: Undo, router: string): Promise<Stand> {
  makeWireLike(topology);
  const routerMac = topology.gateway.mac(router);
  topology.vm.batch([`neigh replace ${net.gateway} lladdr ${routerMac} dev ${links.vm} nud permanent`]);
  const load = { entries, flows: Math.max(entries.length, LEAST_FLOWS), routerMac };
  const generators = {
    out: new Generator(topology, "out", load, undo),
    in: new Generator(topology, "in", load, undo),
  };
  return { topology, cpu: measureGateway(topology), generators, connects: true };
}

/** Every flow is a connection that has been seen both ways before anything is measured. */
async function establish({ topology, generators, connects }: Stand, flows: number): Promise<void> {
  if (!connects) return;
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
