import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../kernel/namespace.ts";
import { net } from "./entries.ts";
import { LOAD_CPU, makeAggregates, steerFarEnds } from "./gateway-cpu.ts";
import type { Direction } from "./generator.ts";
import { startInterruptMeter } from "./interrupt-meter.ts";
import type { BenchNamespace } from "./namespace.ts";
import type { BenchOptions } from "./options.ts";
import type { Stand } from "./stands.ts";

const STREAMS = 4;
/** TCP payload of a 1500-byte packet with timestamps. */
const SEGMENT = 1_448;
/** Fewer delivered than this is not a measurement. */
const LEAST_DELIVERED = 5_000;
const LEAST_SEGMENTS = 1_000;
const TALKER = join(import.meta.dirname, "talker.ts");
const IPERF_PORT = 5201;
const TALK_PORT = 5202;
/** Of the gateway's CPUs' time, how much must be the gateway's or nobody's where interrupts count. Less is tried again. */
const QUIET_SHARE = 0.9;
const QUIET_ATTEMPTS = 5;

/** One kind of work, and what a unit of it costs. */
export interface Work {
  readonly name: string;
  readonly unit: string;
  /** Whether the gateway must terminate the tunnel, so that real connections pass. */
  readonly talks: boolean;
  prepare(stand: Stand): void | Promise<void>;
  /** @returns undefined when what else runs on the machine leaves no figure */
  cost(stand: Stand, direction: Direction, options: BenchOptions): Promise<number | undefined>;
}

const udp64: Work = {
  name: "udp64",
  unit: "ns",
  talks: false,
  prepare({ topology }) {
    topology.setSink(true);
    steerFarEnds(topology, "at once");
  },
  async cost({ topology, cpu, generators }, direction, { quick }) {
    const [cpuBefore, sunkBefore] = [cpu(), topology.sunk()];
    generators[direction].flood(quick ? 400 : 1_500);
    await sleep(20);
    const delivered = topology.sunk() - sunkBefore;
    if (delivered < LEAST_DELIVERED) throw new Error(`only ${delivered} packets came through (${direction})`);
    return (cpu() - cpuBefore) / delivered;
  },
};

const listening = new WeakSet<Stand>();

/** Far ends that hold real conversations. */
async function readyToTalk(stand: Stand): Promise<void> {
  const { topology } = stand;
  topology.setSink(false);
  steerFarEnds(topology, "away");
  if (listening.has(stand)) return;
  listening.add(stand);
  topology.inet.start({ argv: ["iperf3", "-s", "-p", `${IPERF_PORT}`], cpu: LOAD_CPU });
  for (const node of [topology.inet, topology.vm])
    node.start({ argv: [process.execPath, TALKER, "serve", `${TALK_PORT}`], cpu: LOAD_CPU });
  await untilListening(topology.inet, [IPERF_PORT, TALK_PORT]);
  await untilListening(topology.vm, [TALK_PORT]);
}

const untilListening = (node: BenchNamespace, ports: readonly number[]) =>
  until(`servers listen on ${ports}`, () =>
    ports.every((port) => node.run(`ss -Hltn 'sport = :${port}'`).trim() !== ""),
  );

async function tcpCost({ topology, cpu }: Stand, direction: Direction, { quick }: BenchOptions): Promise<number> {
  const reverse = direction === "in" ? ["-R"] : [];
  const before = cpu();
  const { out } = await topology.vm.finish({
    argv: ["iperf3", "-c", net.internet, "-P", `${STREAMS}`, "-t", quick ? "1" : "3", "-J", ...reverse],
    cpu: LOAD_CPU,
  });
  const used = cpu() - before;
  return used / (receivedBytes(out) / SEGMENT);
}

const tcpMtu: Work = { name: "tcp-mtu", unit: "ns", talks: true, prepare: readyToTalk, cost: tcpCost };

/**
 * The same in aggregates of 64 KB. These are handled in interrupts, for which no thread of the gateway is charged: what
 * they do while another task has the CPU is not seen, and no figure comes of it.
 */
const tcpAggregates: Work = {
  name: "tcp-64k",
  unit: "ns",
  talks: true,
  async prepare(stand) {
    await readyToTalk(stand);
    makeAggregates(stand.topology, stand.cpus);
  },
  async cost(stand, direction, options) {
    for (let attempt = 0; attempt < QUIET_ATTEMPTS; attempt++) {
      const meter = await startInterruptMeter(stand.cpus);
      const known = () => stand.cpu() + meter.watched();
      const start = { time: performance.now(), known: known() };
      try {
        const cost = await tcpCost({ ...stand, cpu: () => stand.cpu() + meter.used() }, direction, options);
        const whole = (performance.now() - start.time) * 1e6 * stand.cpus.length;
        // On an emulated CPU the two clocks do not agree, and nothing or less is left.
        if (cost > 0 && (known() - start.known) / whole > QUIET_SHARE) return cost;
      } finally {
        await meter.stop();
      }
    }
    return undefined;
  },
};

/** @returns what the conversation printed */
async function talk({ topology, address }: Stand, direction: Direction, mode: string, count: number): Promise<number> {
  const [from, to] = direction === "out" ? [topology.vm, net.internet] : [topology.inet, address];
  const argv = [process.execPath, TALKER, mode, to, `${TALK_PORT}`, `${count}`] as const;
  const { out, code } = await from.finish({ argv, cpu: LOAD_CPU });
  if (code !== 0 || !(Number(out) > 0)) throw new Error(`talker ${mode}: ${out}`);
  return Number(out);
}

const latency: Work = {
  name: "rr",
  unit: "µs",
  talks: true,
  prepare: readyToTalk,
  cost: (stand, direction, { quick }) => talk(stand, direction, "turns", quick ? 2_000 : 10_000),
};

/** A connection's whole life: opened, one request, one answer, closed. */
const connections: Work = {
  name: "conn",
  unit: "ns",
  talks: true,
  prepare: readyToTalk,
  async cost(stand, direction, { quick }) {
    const before = stand.cpu();
    const count = await talk(stand, direction, "connections", quick ? 500 : 3_000);
    return (stand.cpu() - before) / count;
  },
};

/** Aggregates come last: nobody makes the far ends' frames wire-like again. */
const all = [udp64, tcpMtu, latency, connections, tcpAggregates] as const;
export const works: Readonly<Record<string, Work>> = Object.fromEntries(all.map((work) => [work.name, work]));

function receivedBytes(text: string): number {
  const { end, error } = JSON.parse(text) as { end?: { sum_received?: { bytes: number } }; error?: string };
  const bytes = end?.sum_received?.bytes ?? 0;
  if (error !== undefined || bytes < LEAST_SEGMENTS * SEGMENT) throw new Error(`iperf3: ${error ?? `${bytes} bytes`}`);
  return bytes;
}
