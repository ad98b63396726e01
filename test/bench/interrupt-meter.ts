import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { until } from "../kernel/namespace.ts";
import { threadTime } from "./gateway-cpu.ts";

/** How long to look at a CPU without load: first until the looking is compiled, then to know what there is anyhow. */
const CALIBRATE_MS = 400;

/** What is done on CPUs in interrupts, which the kernel charges to whom they interrupt. */
export interface InterruptMeter {
  /** Nanoseconds so far, beyond what a CPU's own timer takes. Each reading may be wrong by a tick, 4 ms. */
  used(): number;
  /** Nanoseconds in which interrupts were seen: those that no other thread had. */
  watched(): number;
  stop(): Promise<void>;
}

/**
 * A thread on each CPU that takes all the time that no other wants. Of what it is charged with (schedstat), what it did
 * not have was interrupts. They are counted as long as this thread runs: on top of any other, that one is charged.
 */
export async function startInterruptMeter(cpus: readonly number[]): Promise<InterruptMeter> {
  const watches = await Promise.all(cpus.map(watch));
  const sum = (of: (one: (typeof watches)[number]) => number) => watches.reduce((all, one) => all + of(one), 0);
  return {
    used: () => sum((one) => one.used()),
    watched: () => sum((one) => one.charged()),
    stop: async () => void (await Promise.all(watches.map(({ worker }) => worker.terminate()))),
  };
}

async function watch(cpu: number) {
  const shared = new Float64Array(new SharedArrayBuffer(16));
  const worker = new Worker(new URL("./interrupt-meter-worker.ts", import.meta.url), { workerData: { shared, cpu } });
  await until("the interrupt meter runs", () => shared[0]);
  const charged = () => threadTime(process.pid, shared[1] ?? 0);
  const had = () => (shared[0] ?? 0) * 1e6;
  await sleep(CALIBRATE_MS);
  const start = { charged: charged(), had: had() };
  await sleep(CALIBRATE_MS);
  const rate = (had() - start.had) / (charged() - start.charged);
  return { worker, charged, used: () => charged() - had() / rate };
}
