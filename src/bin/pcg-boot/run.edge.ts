import { ServiceManager } from "../../base/sd-notify.edge.ts";
import { stderrLog as log } from "../../base/stderr-log.edge.ts";
import { systemClock as clock } from "../../base/system-clock.edge.ts";
import { Boot } from "../../boot/boot.ts";
import type { BootPaths } from "../../boot/boot-paths.ts";
import type { Host } from "../../boot/host.ts";
import { thisVersion } from "./version.edge.ts";

/** Serves until it is told to stop. Stopping leaves the gateway as it is. */
export async function run(host: Host, paths: BootPaths): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  const serviceManager = new ServiceManager(clock);
  const boot = new Boot({ host, clock, log, paths, ...thisVersion() });
  boot.start();
  // Whatever keeps the gateway closed must not keep the machine from booting.
  serviceManager.ready(() => boot.line);
  await stopped;
  serviceManager.stopping();
  process.exit(0);
}
