import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { until } from "../kernel/namespace.ts";
import { threadTime } from "./gateway-cpu.ts";

/** How long to look at a CPU without load: first until the looking is compiled, then to know what there is anyhow. */
const CALIBRATE_MS = 400;

/** What is done on a CPU in interrupts, which the kernel charges to whom they interrupt. */
export interface InterruptMeter {
  /** Nanoseconds so far, beyond what the CPU's own timer takes. Each reading may be wrong by a tick, 4 ms. */
  used(): number;
  /** The part of the time in which interrupts were seen, since it was started: 1 when no thread ran but the meter's. */
  share(): number;
  stop(): Promise<void>;
}

/**
 * A thread that takes all the time of a CPU that no other wants. Of what it is charged with (schedstat), what it did
 * not have was interrupts. They are counted as long as this thread runs: on top of any other, that one is charged.
 */
export async function startInterruptMeter(cpu: number): Promise<InterruptMeter> {
  const shared = new Float64Array(new SharedArrayBuffer(16));
  const worker = new Worker(new URL("./interrupt-meter-worker.ts", import.meta.url), { workerData: { shared, cpu } });
  await until("the interrupt meter runs", () => shared[0]);
  const charged = () => threadTime(process.pid, shared[1] ?? 0);
  const had = () => (shared[0] ?? 0) * 1e6;
  await sleep(CALIBRATE_MS);
  const empty = { charged: charged(), had: had() };
  await sleep(CALIBRATE_MS);
  const start = { charged: charged(), time: performance.now() };
  const rate = (had() - empty.had) / (start.charged - empty.charged);
  return {
    used: () => charged() - had() / rate,
    share: () => (charged() - start.charged) / (performance.now() - start.time) / 1e6,
    stop: async () => void (await worker.terminate()),
  };
}
