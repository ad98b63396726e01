import { existsSync, mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PcgError } from "../base/error.ts";
import { nodesOf } from "./fabric.ts";
import { gatewayDaemonName, loadPrograms } from "./gateway.ts";
import { type LabPaths, netnsFile } from "./lab-paths.ts";
import { MANAGER_DAEMON } from "./manager.ts";
import { enter, labNodes } from "./nodes.ts";
import { allSteps, type Sequence } from "./plan.ts";
import { isAlive, recorded, stop } from "./processes.edge.ts";
import type { ProofResult } from "./proofs.ts";
import { prove } from "./prove.edge.ts";
import { ensureGatewayUsers, requireAll } from "./requirements.edge.ts";
import { attach } from "./run.edge.ts";
import type { Setup } from "./setup.ts";
import { readLease } from "./status.edge.ts";
import { undoOf } from "./step.ts";
import { apply, readJournal, undoAll } from "./steps.edge.ts";
import { keepSetup, keptSetup, thesePrograms, thisPlan } from "./this-plan.edge.ts";
import { topology } from "./topology.ts";
import { machineName } from "./unit-machine.ts";

/** Who is told how it goes, and a way to be told to stop. */
export interface Watcher {
  say(line: string): void;
  readonly signal: AbortSignal;
}

/**
 * Builds the laboratory and makes the fetches that prove it. Takes down what it built when it cannot finish; what is
 * built and does not work is left standing to be looked at.
 * @throws LAB_FAILED
 */
export async function up(lab: LabPaths, setup: Setup, watcher: Watcher): Promise<readonly ProofResult[]> {
  requireAll(setup);
  await claim(lab, setup, watcher);
  try {
    await ensureGatewayUsers();
    const { first, on } = thisPlan(lab, setup);
    for (const sequence of first) await build(lab, sequence, watcher);
    // All of them come to an end before any failure is acted on: nothing may be built while it is taken down.
    const built = await Promise.allSettled(on.map((sequence) => build(lab, sequence, watcher)));
    for (const result of built) if (result.status === "rejected") throw result.reason;
    await leases(lab, watcher);
    return await prove(lab, watcher.say);
  } catch (error) {
    await down(lab).catch((further: unknown) => watcher.say(messageOf(further)));
    throw error;
  }
}

/** Takes the name, and clears what a laboratory that is no longer alive left under it. */
async function claim(lab: LabPaths, setup: Setup, { say }: Watcher): Promise<void> {
  const fix = `npm run lab -- down --name ${lab.name}`;
  if (recorded(lab).some(isAlive)) throw new PcgError("LAB_FAILED", { problem: `${lab.name} is already up`, fix });
  if (existsSync(lab.root) || nodesOf(topology, setup).some((node) => existsSync(netnsFile(lab.namespace(node))))) {
    say("removing what an earlier laboratory left");
    await down(lab);
  }
  mkdirSync(lab.root);
  keepSetup(lab, setup);
}

async function build(lab: LabPaths, { says, steps }: Sequence, { say, signal }: Watcher): Promise<void> {
  for (const step of steps) {
    if (signal.aborted) throw new PcgError("LAB_FAILED", { problem: "interrupted" });
    await apply(lab, step);
  }
  say(says);
}

/** Undoes all that was ever begun under this name. */
export async function down(lab: LabPaths): Promise<void> {
  const planned = allSteps(thisPlan(lab, keptSetup(lab))).flatMap((step) => undoOf(step) ?? []);
  await undoAll(lab, [...planned, ...readJournal(lab), { kind: "remove", path: lab.root }]);
}

const LEASE_MS = 60_000;

/** Waits until every VM has its address, or long enough for any. */
async function leases(lab: LabPaths, { say, signal }: Watcher): Promise<void> {
  const giveUpAt = Date.now() + LEASE_MS;
  for (const vm of topology.machines) {
    while (!readLease(lab, vm) && Date.now() < giveUpAt && !signal.aborted) await sleep(50);
    const lease = readLease(lab, vm);
    if (lease) say(`${vm.name} has ${lease.address} by DHCP, MTU ${lease.mtu}`);
    else say(`${vm.name} has NO LEASE; see ${lab.log(`${vm.name}-dhcp`)}`);
  }
}

/**
 * What can be ended and started by itself: the manager, or one process of each gateway. Where gateways are virtual
 * machines: all of them. To end one is to cut its power.
 */
export const labDaemons = ["pcgd", "pcg-kernel", MANAGER_DAEMON, "gateways"] as const;
export type LabDaemon = (typeof labDaemons)[number];

/** Ends a daemon, gently or not, and starts it again. @throws LAB_FAILED */
export async function restart(lab: LabPaths, daemon: LabDaemon, how: { kill: boolean }): Promise<void> {
  await stopDaemon(lab, daemon, how);
  await startDaemon(lab, daemon);
}

/** Ends a daemon, gently or not. One that has ended is fine. @throws LAB_FAILED */
export async function stopDaemon(lab: LabPaths, daemon: LabDaemon, how: { kill: boolean }): Promise<void> {
  requireUp(lab);
  for (const name of namesOf(daemon)) await stop(lab, name, how);
}

/** Starts a daemon that was stopped, or has ended. @throws LAB_FAILED */
export async function startDaemon(lab: LabPaths, daemon: LabDaemon): Promise<void> {
  requireUp(lab);
  const names = namesOf(daemon);
  const all = allSteps(thisPlan(lab, keptSetup(lab)));
  const running = recorded(lab).find((entry) => names.includes(entry.daemon) && isAlive(entry));
  if (running) throw new PcgError("LAB_FAILED", { daemon: running.daemon, problem: "runs already" });
  if (daemon === "pcg-kernel")
    for (const unit of topology.units) await apply(lab, loadPrograms(lab, unit, thesePrograms));
  for (const step of all) if (step.kind === "daemon" && names.includes(step.name)) await apply(lab, step);
}

function namesOf(daemon: LabDaemon): readonly string[] {
  if (daemon === MANAGER_DAEMON) return [daemon];
  return topology.units.map((unit) => (daemon === "gateways" ? machineName(unit) : gatewayDaemonName(unit, daemon)));
}

/** Runs a command in a node, on this terminal. Gives its exit status. @throws LAB_FAILED */
export async function exec(lab: LabPaths, name: string, argv: readonly [string, ...string[]]): Promise<number> {
  requireUp(lab);
  const nodes = labNodes(topology, lab, keptSetup(lab));
  const node = nodes.find((n) => n.name === name);
  if (!node) throw new PcgError("LAB_FAILED", { node: name, expected: nodes.map((n) => n.name).join(" ") });
  return attach(enter(node, argv));
}

function requireUp(lab: LabPaths): void {
  if (existsSync(lab.root)) return;
  throw new PcgError("LAB_FAILED", { problem: `${lab.name} is not up`, fix: `npm run lab -- up --name ${lab.name}` });
}
