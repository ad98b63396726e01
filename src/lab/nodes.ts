import type { LabPaths } from "./lab-paths.ts";
import { segmentOf } from "./switch-flows.ts";
import { addressesOf, internetRouter, subnetOf, type Topology } from "./topology.ts";

/** A place of the laboratory, by the name `exec` takes. */
export interface Node {
  readonly name: string;
  readonly namespace: string;
  readonly what: string;
  readonly addresses: readonly string[];
}

/** Every node. A VM's plain name is where its workload is; its side in the VPC is `vm-1-underlay`. */
export function labNodes(topology: Topology, lab: LabPaths): readonly Node[] {
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
    ...units.map(({ name, uplink, downlink, management }) => ({
      name: `pcg-${name}`,
      namespace: lab.namespace(`pcg-${name}`),
      what: `gateway unit ${name}: uplink0, downlink0, mgmt0`,
      addresses: [...addressesOf(uplink), downlink.address, management.address],
    })),
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
