import { existsSync, readFileSync } from "node:fs";
import { gatewayDaemonName, gatewayFiles } from "./gateway.ts";
import { type LabPaths, netnsFile } from "./lab-paths.ts";
import { leaseFile } from "./machine.ts";
import { managerFiles, managerUrl } from "./manager.ts";
import { elasticPaths, labNodes } from "./nodes.ts";
import { isAlive, type ProcessRecord, recorded } from "./processes.edge.ts";
import { run } from "./run.edge.ts";
import type { LabStatus, Lease, NodeStatus } from "./status.ts";
import { keptSetup } from "./this-plan.edge.ts";
import { topology, type VirtualMachine } from "./topology.ts";

/** The laboratory as it is now. */
export async function readStatus(lab: LabPaths): Promise<LabStatus> {
  const processes = recorded(lab);
  const setup = keptSetup(lab);
  return {
    name: lab.name,
    up: existsSync(lab.root),
    nodes: labNodes(topology, lab, setup).map((node) => nodeStatus(lab, node, processes)),
    leases: Object.fromEntries(
      topology.machines.flatMap((vm) => {
        const lease = readLease(lab, vm);
        return lease ? [[vm.name, lease]] : [];
      }),
    ),
    gateway: Object.fromEntries(
      (setup.image === undefined ? topology.units : []).map((unit) => {
        const { config, socket, kernelSocket } = gatewayFiles(lab, unit);
        const logs = (["pcgd", "pcg-kernel"] as const).map((daemon) => lab.log(gatewayDaemonName(unit, daemon)));
        return [unit.name, { config, socket, kernelSocket, logs }];
      }),
    ),
    manager: readManager(lab),
    desired: existsSync(lab.desired) ? lab.desired : null,
    paths: elasticPaths(topology),
    vpcDrops: await vpcDrops(lab.namespace("vpc")),
    proofs: existsSync(lab.proofs) ? JSON.parse(readFileSync(lab.proofs, "utf8")) : [],
  };
}

function readManager(lab: LabPaths): LabStatus["manager"] {
  const { token, authority } = managerFiles(lab, topology);
  if (!existsSync(token)) return null;
  return { url: managerUrl(topology), token: readFileSync(token, "utf8").trim(), authority };
}

type Named = ReturnType<typeof labNodes>[number];

function nodeStatus(lab: LabPaths, node: Named, processes: readonly ProcessRecord[]): NodeStatus {
  const own = processes.filter((entry) => lab.namespace(entry.node) === node.namespace);
  const pids = Object.fromEntries(own.map(({ daemon, pid }) => [daemon, pid]));
  return { ...node, pids, alive: existsSync(netnsFile(node.namespace)) && own.every(isAlive) };
}

/** What a VM's DHCP client got, if anything yet. */
export function readLease(lab: LabPaths, vm: VirtualMachine): Lease | undefined {
  const file = leaseFile(lab, vm);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

async function vpcDrops(namespace: string): Promise<Record<string, number>> {
  if (!existsSync(netnsFile(namespace))) return {};
  const { nftables }: { nftables: readonly { counter?: { name: string; packets: number } }[] } = JSON.parse(
    await run({ argv: ["nft", "-j", "list", "counters"], namespace }),
  );
  return Object.fromEntries(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
}
