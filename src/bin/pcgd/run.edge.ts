import { ServiceManager } from "../../base/sd-notify.edge.ts";
import { stderrLog as log } from "../../base/stderr-log.edge.ts";
import { systemClock } from "../../base/system-clock.edge.ts";
import { Gateway, type GatewayOptions } from "./gateway.edge.ts";

/** Serves until it is told to stop. Stopping leaves the datapath as it is. */
export async function run(options: GatewayOptions): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  const serviceManager = new ServiceManager(systemClock);
  const gateway = new Gateway(options, systemClock, log);
  await gateway.start();
  serviceManager.ready(() => gateway.stateLine());
  await stopped;
  serviceManager.stopping();
  log.info("stopping; the datapath runs on");
  process.exit(0);
}
