import { workerData } from "node:worker_threads";
import { beIdle, pin, threadId } from "./thread.ts";

/**
 * Runs when no other thread wants its CPU, and adds up, in ms, the time that it really had. Between two looks at the
 * clock lie some 80 ns; when it was much more, an interrupt came between.
 */
const { shared, cpu } = workerData as { shared: Float64Array; cpu: number };
const INTERRUPTED_MS = 0.001;

pin(0, 1 << cpu);
beIdle();
shared[1] = threadId();
for (let last = performance.now(), had = 0; ; ) {
  const now = performance.now();
  if (now - last < INTERRUPTED_MS) {
    had += now - last;
    shared[0] = had;
  }
  last = now;
}
