import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { buildObjects } from "../../src/datapath/bpf/build.edge.ts";
import { DoorClient } from "../../src/kernel/door-client.edge.ts";
import type { KernelObject } from "../../src/model/kernel-object.ts";
import type { Unit, UnitConfig } from "../../src/model/unit.ts";
import { unitOf } from "../../src/model/unit-of.ts";
import { pass } from "../../src/reconcile/pass.ts";
import { byKey } from "../../src/reconcile/plan.ts";
import { sh, until } from "../kernel/namespace.ts";
import { type Entry, net, tepsOf } from "./entries.ts";
import { links, type Topology } from "./topology.ts";
import type { Undo } from "./undo.ts";

const plainConfig: UnitConfig = {
  unit: "a",
  interfaces: {
    uplink: { name: links.uplink },
    downlink: { name: links.downlink },
    management: { name: links.management },
  },
  tep: { address: net.tep },
};

/** Long enough for an emulated machine, whose kernel looks through the programs first. */
const LOADED_MS = 180_000;

const daemonFile = (name: string) => join(import.meta.dirname, `../../src/bin/${name}.ts`);

export interface OurGateway {
  readonly door: DoorClient;
  readonly unit: Unit;
  readonly paths: Readonly<Record<"dir" | "desired" | "socket" | "bpffs", string>>;
  /** Starts the real pcgd beside the real pcg-kernel. */
  startPcgd(): { stop: (signal?: NodeJS.Signals) => Promise<void>; said: () => string };
}

/** The real pcg-kernel in the gateway's namespace. It runs away from the CPU that is measured. */
export async function startOurGateway(
  { gateway, host }: Topology,
  undo: Undo,
  more: Pick<UnitConfig, "flowCache"> = {},
): Promise<OurGateway> {
  const config = { ...plainConfig, ...more };
  const flaw = buildObjects();
  if (flaw !== undefined) throw new Error(flaw);
  const dir = mkdtempSync(join(tmpdir(), "pcg-bench-"));
  undo.add(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name: string) => join(dir, name);
  const [file, socket, bpffs] = [path("pcgd.yaml"), path("kernel.sock"), path("bpf")];
  writeFileSync(file, JSON.stringify(config));
  mkdirSync(bpffs);
  sh(`mount -t bpf bpf ${bpffs}`);
  undo.add(() => void sh(`umount ${bpffs}`));
  gateway.batch([
    `neigh replace ${net.downlinkRouter} lladdr ${host.mac(links.wire)} dev ${links.downlink} nud permanent`,
  ]);
  const start = (name: string, args: readonly string[]) =>
    gateway.start({ argv: [process.execPath, daemonFile(name), ...args], cpu: 0 });
  const daemon = start("pcg-kernel", ["--config", file, "--socket", socket, "--bpffs", bpffs]);
  const door = new DoorClient(socket, systemClock);
  undo.add(() => door.close());
  const interfaces = await until("pcg-kernel answers", () => door.interfaces(), LOADED_MS).catch((error) => {
    throw new Error(`pcg-kernel: ${daemon.said()}`, { cause: error });
  });
  const paths = { dir, bpffs, desired: path("desired.yaml"), socket: path("pcgd.sock") };
  const args = ["--config", file, "--desired", paths.desired, "--kernel", socket, "--socket", paths.socket];
  return {
    door,
    paths,
    unit: unitOf(config, interfaces),
    startPcgd: () => start("pcgd", [...args, "--state", path("state")]),
  };
}

/** A wish through the product's own plan, pass and door. @throws Error when an object is refused */
export async function realize({ door }: OurGateway, want: readonly KernelObject[]): Promise<void> {
  const { failed } = await pass(door, want, byKey(await door.read()));
  if (failed[0]) throw new Error(`${failed.length} objects were refused: ${failed[0].message}`);
}

/** Tunnel endpoints in the downlink's own subnet are reached without the router: who they are is written down. */
export function writeTepNeighbours({ gateway, host }: Topology, entries: readonly Entry[]): void {
  const mac = host.mac(links.wire);
  gateway.batch(tepsOf(entries).map((tep) => `neigh replace ${tep} lladdr ${mac} dev ${links.downlink} nud permanent`));
}
