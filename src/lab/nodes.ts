import type { LabPaths } from "./lab-paths.ts";
import type { Setup } from "./setup.ts";
import type { Command } from "./step.ts";
import { segmentOf } from "./switch-flows.ts";
import { addressesOf, type GatewayUnit, internetRouter, subnetOf, type Topology } from "./topology.ts";
import { machineFiles, sshTo } from "./unit-machine.ts";

/** A place of the laboratory, by the name `exec` takes. */
export interface Node {
  readonly name: string;
  readonly namespace: string;
  readonly what: string;
  readonly addresses: readonly string[];
  /** Given: it is a virtual machine, which is entered from the namespace by this. */
  readonly ssh?: readonly [string, ...string[]];
}

/** A command inside a node. */
export const enter = ({ namespace, ssh }: Node, argv: readonly [string, ...string[]]): Command => ({
  namespace,
  argv: ssh ? [...ssh, "--", ...argv.map(quoted)] : argv,
});

/** ssh joins words with spaces, and the shell of the other side takes them apart. */
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Every node. A VM's plain name is where its workload is; its side in the VPC is `vm-1-underlay`. */
export function labNodes(topology: Topology, lab: LabPaths, { image }: Setup): readonly Node[] {
  const { internet, subnets, elasticIps, hosts, units, machines, manager } = topology;
  const routers = subnets.map(({ name }) => subnetOf(topology, name).router);
  return [
    {
      name: "inet",
      namespace: lab.namespace("inet"),
      what: "a host on the Internet, web server on 80",
      addresses: [internet.address],
    },
    {
      name: "vpc",
      namespace: lab.namespace("vpc"),
      what: "VPC router and Internet gateway",
      addresses: [...routers, internetRouter(topology), ...elasticIps.map(({ address }) => address)],
    },
    ...hosts.map(({ name, eni }) => ({
      name,
      namespace: lab.namespace(name),
      what: "a VM without overlay, web server on 80",
      addresses: [eni.address],
    })),
    {
      name: manager.name,
      namespace: lab.namespace(manager.name),
      what: "the manager and controller, API on 443",
      addresses: [manager.eni.address],
    },
    ...units.map((unit) => (image === undefined ? unitNode(lab, unit) : machineNode(lab, unit))),
    ...machines.flatMap((vm) => [
      {
        name: vm.name,
        namespace: lab.namespace(`${vm.name}-nsx`),
        what: `inside ${vm.name}, on segment ${vm.segment} (VNI ${segmentOf(topology, vm).vni}), web server on 80`,
        addresses: [],
      },
      {
        name: `${vm.name}-underlay`,
        namespace: lab.namespace(vm.name),
        what: `${vm.name} in the VPC: its tunnel endpoint, Open vSwitch`,
        addresses: [vm.eni.address],
      },
    ]),
  ];
}

const unitNode = (lab: LabPaths, { name, uplink, downlink, management }: GatewayUnit): Node => ({
  name: `pcg-${name}`,
  namespace: lab.namespace(`pcg-${name}`),
  what: `gateway unit ${name}: uplink0, downlink0, mgmt0`,
  addresses: [...addressesOf(uplink), downlink.address, management.address],
});

const machineNode = (lab: LabPaths, unit: GatewayUnit): Node => ({
  ...unitNode(lab, unit),
  namespace: lab.namespace("vpc"),
  what: `gateway unit ${unit.name}: a virtual machine; console ${machineFiles(lab, unit).console}`,
  ssh: sshTo(lab, unit),
});

/** EIP → secondary address, by the Internet gateway → overlay address, by the unit → VM. */
export const elasticPaths = ({ elasticIps, machines }: Topology): string[] =>
  elasticIps.flatMap(({ address, secondary, machine }) => {
    const vm = machines.find(({ name }) => name === machine);
    if (!vm?.staticIp) return [];
    const units = Object.entries(secondary).map(([unit, own]) => `${own} (secondary of unit ${unit})`);
    return [
      `${address} (Elastic IP) → ${units.join(" or ")} → ${vm.staticIp} (overlay) → ${vm.name} behind ${vm.eni.address}`,
    ];
  });
