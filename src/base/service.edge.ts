import { messageOf } from "./error.ts";
import type { Log } from "./log.ts";
import type { ServiceManager } from "./sd-notify.edge.ts";

/** Ends the process at the first SIGTERM or SIGINT, whatever it is doing, after `last`. */
export function endAtSignal(last: () => void): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      last();
      process.exit(0);
    });
}

/**
 * Begins to serve. A service that cannot start ends the process with its reason: whatever it opened before would keep
 * it alive, and half a service says half-truths.
 */
export async function startOrEnd<T>(
  begin: () => Promise<T>,
  { log, serviceManager }: { readonly log: Log; readonly serviceManager?: ServiceManager },
): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    const why = messageOf(error);
    serviceManager?.status(`cannot start: ${why}`);
    log.error("cannot start", { why });
    process.exit(1);
  }
}
