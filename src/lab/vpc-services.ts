import { bridgeOf } from "./fabric.ts";
import type { LabPaths } from "./lab-paths.ts";
import type { Step } from "./step.ts";
import { allEnis, macOf, RESOLVER, type Topology, VPC_MTU } from "./topology.ts";

/** What a VPC serves to virtual machines that boot in it: their addresses by DHCP. */
export function vpcDhcp(topology: Topology, lab: LabPaths): Step {
  const subnets = topology.subnets.flatMap(({ name, prefix }) => [
    `--interface=${bridgeOf(name)}`,
    `--dhcp-range=${prefix.replace(/\/.*/, "")},static,1h`,
  ]);
  return {
    kind: "daemon",
    name: "vpc-dhcp",
    node: "vpc",
    namespace: lab.namespace("vpc"),
    log: lab.log("vpc-dhcp"),
    argv: [
      ...(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"] as const),
      ...["--no-ping", "--leasefile-ro", "--pid-file=", "--user=root", "--log-facility=-", "--log-dhcp"],
      ...subnets,
      ...allEnis(topology).map(({ eni }) => `--dhcp-host=${macOf(eni)},${eni.address}`),
      ...[`--dhcp-option=option:mtu,${VPC_MTU}`, `--dhcp-option=option:dns-server,${RESOLVER}`],
    ],
  };
}
