import { parseArgs } from "node:util";
import { messageOf } from "../base/error.ts";
import { ServiceManager } from "../base/sd-notify.edge.ts";
import { stderrLog as log } from "../base/stderr-log.edge.ts";
import { systemClock } from "../base/system-clock.edge.ts";
import { print } from "../base/terminal.edge.ts";
import { openBpf } from "../kernel/bpf.edge.ts";
import { BpfObjects } from "../kernel/bpf-objects.edge.ts";
import { serveDoor } from "../kernel/door-server.edge.ts";
import { LinuxKernel } from "../kernel/linux.edge.ts";
import { ownershipOf } from "../kernel/ownership.ts";
import { hostInterfaces } from "../kernel/rt-objects.ts";
import { RtNetlink } from "../kernel/rtnetlink.edge.ts";
import { checkUnitConfig } from "../model/check.ts";
import { findInterface } from "../model/unit-of.ts";
import { readDocument } from "./pcgd/document.edge.ts";
import { pcgKernelHelp } from "./pcgd/help.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: "string", default: "/etc/pcg/pcgd.yaml" },
    socket: { type: "string", default: "/run/pcg/kernel.sock" },
    bpffs: { type: "string", default: "/run/pcg/bpf" },
    help: { type: "boolean", default: false },
  },
});

try {
  if (options.help) print(pcgKernelHelp);
  else if (positionals[0] === "load") programs().ensureLoaded();
  else await serve();
} catch (error) {
  log.error("cannot start", { why: messageOf(error) });
  process.exitCode = 1;
}

function programs() {
  return openBpf(options.bpffs, new URL("../../build/bpf", import.meta.url).pathname);
}

async function serve(): Promise<void> {
  const config = readDocument(options.config, checkUnitConfig);
  const rt = new RtNetlink();
  const found = hostInterfaces(await rt.links(), await rt.addresses());
  rt.close();
  const name = (role: "uplink" | "downlink" | "management") => findInterface(role, config, found).name;
  const links = { uplink: name("uplink"), downlink: name("downlink"), management: name("management") };
  const bpf = programs();
  bpf.ensureLoaded();
  const kernel = new LinuxKernel(links, new BpfObjects(bpf, links), () => performance.now());
  await serveDoor({ socket: options.socket, kernel, own: ownershipOf(links), log });
  log.info("serving", { socket: options.socket, ...links });
  const serviceManager = new ServiceManager(systemClock);
  serviceManager.ready(() => `serving ${Object.values(links).join(", ")}`);
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      serviceManager.stopping();
      process.exit(0);
    });
}
