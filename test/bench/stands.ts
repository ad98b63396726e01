import { kernelObjects } from "../../src/datapath/pipeline.ts";
import { type Entry, net, wishOf } from "./entries.ts";
import { configureFloor } from "./floor-gateway.ts";
import { configureForward, untranslated } from "./forward-gateway.ts";
import { type GatewayCpus, makeWireLike, measureGateway, neverMerge } from "./gateway-cpu.ts";
import { type Direction, Generator } from "./generator.ts";
import { configureGeneve, GENEVE_DEVICE } from "./geneve-gateway.ts";
import { realize, startOurGateway, writeTepNeighbours } from "./our-gateway.ts";
import { configureOvs, OVS_BRIDGE, ovsConnections } from "./ovs-gateway.ts";
import { buildTopology, links, type Topology } from "./topology.ts";
import type { Undo } from "./undo.ts";
import { configureVxlan, VXLAN_DEVICE } from "./vxlan-gateway.ts";

/** UDP flows when there are fewer entries; else one flow an entry, so that every entry is used. */
export const LEAST_FLOWS = 64;

/** A gateway with far ends around it, ready to be loaded. */
export interface Stand {
  readonly topology: Topology;
  readonly cpus: GatewayCpus;
  /** Nanoseconds of CPU the gateway has used so far. */
  readonly cpu: () => number;
  /** By which the Internet reaches the first VM. */
  readonly address: string;
  /** How many connections it tracks now, if it does. */
  readonly connections: (() => number) | undefined;
  readonly generators: Readonly<Record<Direction, Generator>>;
}

export type MakeStand = (entries: readonly Entry[], cpus: GatewayCpus, undo: Undo) => Promise<Stand>;

export const ourStand =
  (flowCache: "on" | "off"): MakeStand =>
  async (entries, cpus, undo) => {
    const topology = buildTopology("ours", "geneve", undo);
    writeTepNeighbours(topology, entries);
    const ours = await startOurGateway(topology, undo, { flowCache });
    await realize(ours, kernelObjects(wishOf(entries), ours.unit));
    return stand({ topology, entries, cpus, router: "overlay0" }, undo);
  };

export const vxlanStand: MakeStand = async (entries, cpus, undo) => {
  const topology = buildTopology("peer", "vxlan", undo);
  writeTepNeighbours(topology, entries);
  configureVxlan(topology, entries);
  return stand({ topology, entries, cpus, router: VXLAN_DEVICE }, undo);
};

export const geneveStand: MakeStand = async (entries, cpus, undo) => {
  const topology = buildTopology("peer", "geneve", undo);
  writeTepNeighbours(topology, entries);
  configureGeneve(topology, entries);
  return stand({ topology, entries, cpus, router: GENEVE_DEVICE }, undo);
};

export const forwardStand: MakeStand = async (entries, cpus, undo) => {
  const topology = buildTopology("peer", "none", undo);
  configureForward(topology, entries);
  return {
    ...(await stand({ topology, entries: untranslated(entries), cpus, router: links.downlink }, undo)),
    connections: undefined,
  };
};

export const floorStand: MakeStand = async (entries, cpus, undo) => {
  const topology = buildTopology("peer", "geneve", undo);
  configureFloor(topology, undo);
  return { ...(await stand({ topology, entries, cpus, router: links.downlink }, undo)), connections: undefined };
};

export const ovsStand: MakeStand = async (entries, cpus, undo) => {
  const topology = buildTopology("peer", "geneve", undo);
  const ovs = await configureOvs(topology, entries, cpus, undo);
  const made = await stand({ topology, entries, cpus, router: OVS_BRIDGE, processes: [ovs.pid] }, undo);
  neverMerge(topology);
  return { ...made, connections: () => ovsConnections(ovs) };
};

interface Parts extends Pick<Stand, "topology" | "cpus"> {
  readonly entries: readonly Entry[];
  /** The device whose MAC VMs send to. */
  readonly router: string;
  /** What is the gateway besides the kernel. */
  readonly processes?: readonly number[];
}

async function stand({ topology, entries, cpus, router, processes = [] }: Parts, undo: Undo): Promise<Stand> {
  makeWireLike(topology);
  const routerMac = topology.gateway.mac(router);
  topology.vm.batch([`neigh replace ${net.gateway} lladdr ${routerMac} dev ${links.vm} nud permanent`]);
  const load = { entries, flows: Math.max(entries.length, LEAST_FLOWS), routerMac };
  const generators = {
    out: new Generator(topology, "out", load, undo),
    in: new Generator(topology, "in", load, undo),
  };
  const address = entries[0]?.secondary ?? "";
  const cpu = measureGateway(topology, cpus, processes);
  return { topology, cpus, cpu, generators, address, connections: () => kernelConnections(topology) };
}

/**
 * Every flow is a connection that has been seen both ways before anything is measured, and once more: what a gateway
 * remembers of an established one it may learn from its next packet.
 */
export async function establish({ generators, connections }: Stand, flows: number): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    await generators.out.once();
    await generators.in.once();
    if (attempt > 0 && (!connections || connections() >= flows)) return;
  }
  throw new Error(`only ${connections?.()} of ${flows} connections came about`);
}

const kernelConnections = ({ gateway }: Topology) =>
  Number(gateway.run("cat /proc/sys/net/netfilter/nf_conntrack_count"));
