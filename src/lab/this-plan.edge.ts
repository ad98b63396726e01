import { fileURLToPath } from "node:url";
import type { Wishing } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import type { Programs } from "./machine.ts";
import { plan } from "./plan.ts";
import { topology } from "./topology.ts";

const here = (file: string) => fileURLToPath(import.meta.resolve(file));

/** Where this checkout has what the laboratory runs. */
export const thesePrograms: Programs = {
  node: process.execPath,
  checkout: here("../..").replace(/\/$/, ""),
  httpHost: here("./http-host.edge.ts"),
  dhcpScript: here("./dhcp-client.sh"),
};

/** The plan of a laboratory on this machine. Left out how gateways are told: all that may be of it. */
export const thisPlan = (lab: LabPaths, wishing: Wishing = "manager") => plan(topology, lab, thesePrograms, wishing);
