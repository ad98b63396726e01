import { parseArgs } from "node:util";
import { ServiceManager } from "../base/sd-notify.edge.ts";
import { endAtSignal, startOrEnd } from "../base/service.edge.ts";
import { stderrLog as log } from "../base/stderr-log.edge.ts";
import { systemClock } from "../base/system-clock.edge.ts";
import { print } from "../base/terminal.edge.ts";
import { openBpf } from "../kernel/bpf.edge.ts";
import { BpfObjects } from "../kernel/bpf-objects.edge.ts";
import { serveDoor } from "../kernel/door-server.edge.ts";
import type { HostInterface } from "../kernel/kernel.ts";
import { LinuxKernel } from "../kernel/linux.edge.ts";
import { linksOf, ownUnitOf } from "../kernel/own-unit.ts";
import { ownershipOf } from "../kernel/ownership.ts";
import { hostInterfaces } from "../kernel/rt-objects.ts";
import { RtNetlink } from "../kernel/rtnetlink.edge.ts";
import { checkUnitConfig } from "../model/check.ts";
import { readDocument } from "./pcgd/document.edge.ts";
import { pcgKernelHelp } from "./pcgd/help.ts";
import { versionText } from "./version.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: "string", default: "/etc/pcg/pcgd.yaml" },
    socket: { type: "string", default: "/run/pcg/kernel.sock" },
    bpffs: { type: "string", default: "/run/pcg/bpf" },
    help: { type: "boolean", default: false },
    version: { type: "boolean", default: false },
  },
});

if (options.help) print(pcgKernelHelp);
else if (options.version) print(versionText("pcg-kernel"));
else if (positionals[0] === "load") await startOrEnd(async () => programs().ensureLoaded(), { log });
else await serve();

function programs() {
  return openBpf(options.bpffs, new URL("../../build/bpf", import.meta.url).pathname);
}

async function serve(): Promise<void> {
  const serviceManager = new ServiceManager(systemClock);
  endAtSignal(() => serviceManager.stopping());
  const links = await startOrEnd(openDoor, { log, serviceManager });
  serviceManager.ready(() => `serving ${Object.values(links).join(", ")}`);
}

async function openDoor() {
  const config = readDocument(options.config, checkUnitConfig);
  const identify = (found: readonly HostInterface[]) => ownUnitOf(config, found);
  const rt = new RtNetlink();
  const links = linksOf(identify(hostInterfaces(await rt.links(), await rt.addresses())));
  rt.close();
  const bpf = programs();
  bpf.ensureLoaded();
  const kernel = new LinuxKernel(identify, new BpfObjects(bpf, links), systemClock);
  await serveDoor({ socket: options.socket, kernel, own: async () => ownershipOf(await kernel.unit()), log });
  log.info("serving", { socket: options.socket, ...links });
  return links;
}
