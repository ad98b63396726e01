import { ServiceManager } from "../../base/sd-notify.edge.ts";
import { endAtSignal, startOrEnd } from "../../base/service.edge.ts";
import { stderrLog as log } from "../../base/stderr-log.edge.ts";
import { systemClock } from "../../base/system-clock.edge.ts";
import { Gateway, type GatewayOptions } from "./gateway.edge.ts";

/** Serves until it is told to stop. Stopping leaves the datapath as it is. */
export async function run(options: GatewayOptions): Promise<never> {
  const serviceManager = new ServiceManager(systemClock);
  endAtSignal(() => {
    serviceManager.stopping();
    log.info("stopping; the datapath runs on");
  });
  const gateway = await startOrEnd(
    async () => {
      const made = new Gateway(options, systemClock, log);
      await made.start();
      return made;
    },
    { log, serviceManager },
  );
  serviceManager.ready(() => gateway.stateLine());
  return new Promise(() => undefined);
}
