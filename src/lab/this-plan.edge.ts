import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LabPaths } from "./lab-paths.ts";
import type { Programs } from "./machine.ts";
import { plan } from "./plan.ts";
import type { Setup } from "./setup.ts";
import { topology } from "./topology.ts";

const here = (file: string) => fileURLToPath(import.meta.resolve(file));

/** Where this checkout has what the laboratory runs. */
export const thesePrograms: Programs = {
  node: process.execPath,
  checkout: here("../..").replace(/\/$/, ""),
  httpHost: here("./http-host.edge.ts"),
  dhcpScript: here("./dhcp-client.sh"),
  metadataHost: here("./metadata-host.edge.ts"),
  packetBuffers: here("./packet-buffers.edge.ts"),
};

/** The plan of a laboratory on this machine. */
export const thisPlan = (lab: LabPaths, setup: Setup) => plan(topology, lab, thesePrograms, setup);

/** Writes down how a laboratory is set up, for all that is asked of it later. */
export const keepSetup = (lab: LabPaths, setup: Setup): void => writeFileSync(lab.setup, JSON.stringify(setup));

/** How the laboratory that is up was set up; the usual way where none is. */
export const keptSetup = (lab: LabPaths): Setup =>
  existsSync(lab.setup) ? JSON.parse(readFileSync(lab.setup, "utf8")) : { wishing: "manager" };
