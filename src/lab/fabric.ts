import type { LabPaths } from "./lab-paths.ts";
import type { Setup } from "./setup.ts";
import { ipBatch, run, type Step, sysctls } from "./step.ts";
import {
  addressesOf,
  allEnis,
  INTERNET_MTU,
  internetRouter,
  macOf,
  OVERLAY_MTU,
  type PluggedEni,
  subnetOf,
  type Topology,
  VPC_MTU,
} from "./topology.ts";
import { INTERNET_PORT, vpcRules } from "./vpc-rules.ts";

/**
 * AWS without any machine in it: namespaces, a bridge per subnet, a cable per interface, routes, the Internet gateway.
 *
 * A bridge port learns nothing and floods nothing. Who has which MAC and address is written down by the lab, and the
 * bridge answers ARP from that, as the VPC's mapping service does.
 */
export function fabric(topology: Topology, lab: LabPaths, setup: Setup): readonly Step[] {
  const vpc = lab.namespace("vpc");
  const isMachine = ({ node }: PluggedEni) => setup.image !== undefined && node.startsWith("pcg-");
  return [
    ...namespaces(topology, lab, setup),
    ...vpcRouter(topology, vpc),
    ...internet(topology, lab.namespace("inet"), vpc),
    ...allEnis(topology).flatMap((plugged) => [
      ...(isMachine(plugged) ? [tap(plugged, vpc)] : cable(topology, plugged, lab.namespace(plugged.node), vpc)),
      ...port(plugged, vpc),
    ]),
    { kind: "run", argv: ["nft", "-f", "-"], stdin: vpcRules(topology), namespace: vpc },
    ipBatch(
      vpc,
      topology.routes.map(({ prefix, via }) => `route add ${prefix} via ${via}`),
    ),
    ...topology.machines.flatMap((vm) => inside(lab.namespace(vm.name), lab.namespace(`${vm.name}-nsx`), vm.mac)),
  ];
}

/** The namespaces a topology asks for, by node. A unit that is a virtual machine has none. */
export function nodesOf({ units, machines, hosts, manager }: Topology, { image }: Setup): readonly string[] {
  return [
    "inet",
    "vpc",
    ...[...hosts, manager].map(({ name }) => name),
    ...(image === undefined ? units.map(({ name }) => `pcg-${name}`) : []),
    ...machines.flatMap(({ name }) => [name, `${name}-nsx`]),
  ];
}

function namespaces(topology: Topology, lab: LabPaths, setup: Setup): readonly Step[] {
  return nodesOf(topology, setup).flatMap((node): Step[] => {
    const name = lab.namespace(node);
    // The lab speaks IPv4. A gateway's namespace stays as a new machine has it.
    const quiet = node.startsWith("pcg-") ? [] : [sysctls(name, ["net.ipv6.conf.default.disable_ipv6=1"])];
    return [{ kind: "namespace", name }, ipBatch(name, ["link set lo up"]), ...quiet];
  });
}

function vpcRouter(topology: Topology, vpc: string): readonly Step[] {
  return [
    sysctls(vpc, [
      "net.ipv4.ip_forward=1",
      "net.ipv4.conf.all.rp_filter=0",
      "net.ipv4.conf.default.rp_filter=0",
      "net.ipv4.conf.all.send_redirects=0",
      "net.ipv4.conf.default.send_redirects=0",
      "net.ipv4.conf.all.arp_ignore=1",
      "net.ipv4.icmp_ratelimit=0",
    ]),
    // A wire looks into no packet. On a kernel whose bridges cannot, there is nothing to turn off (-e).
    run(vpc, "sysctl", "-e", "-q", "-w", "net.bridge.bridge-nf-call-iptables=0"),
    ...topology.subnets.map((subnet) => {
      const { router, length } = subnetOf(topology, subnet.name);
      const bridge = bridgeOf(subnet.name);
      return ipBatch(vpc, [
        `link add ${bridge} address ${macOf({ address: router })} type bridge stp_state 0 mcast_snooping 0 ageing_time 0`,
        `link set ${bridge} mtu ${VPC_MTU} up`,
        `addr add ${router}/${length} dev ${bridge}`,
      ]);
    }),
  ];
}

export const bridgeOf = (subnet: string) => `br-${subnet}`;

/** The Internet: one cable with its usual MTU. Elastic IPs talk to each other by way of it, so its host forwards. */
function internet(topology: Topology, inet: string, vpc: string): readonly Step[] {
  const router = internetRouter(topology);
  const length = topology.internet.prefix.split("/")[1];
  return [
    ipBatch(vpc, [
      `link add ${INTERNET_PORT} mtu ${INTERNET_MTU} type veth peer name eth0 mtu ${INTERNET_MTU} netns ${inet}`,
      `link set ${INTERNET_PORT} up`,
      `addr add ${router}/${length} dev ${INTERNET_PORT}`,
      `route add default via ${topology.internet.address}`,
    ]),
    sysctls(inet, [
      "net.ipv4.ip_forward=1",
      "net.ipv4.conf.all.send_redirects=0",
      "net.ipv4.conf.eth0.send_redirects=0",
    ]),
    ipBatch(inet, [
      `addr add ${topology.internet.address}/${length} dev eth0`,
      "link set eth0 up",
      `route add default via ${router}`,
    ]),
  ];
}

/** An ENI's cable into a namespace. */
function cable(topology: Topology, { node, port, interface: inner, eni }: PluggedEni, ns: string, vpc: string): Step[] {
  const { router, length } = subnetOf(topology, eni.subnet);
  const isMachine = topology.machines.some(({ name }) => name === node);
  // EC2 gives a machine its way out by its first interface, which of a gateway is management.
  const isFirst = !node.startsWith("pcg-") || inner === "mgmt0";
  return [
    ipBatch(vpc, [
      `link add ${port} mtu ${VPC_MTU} type veth peer name ${inner} address ${macOf(eni)} mtu ${VPC_MTU} netns ${ns}`,
    ]),
    ipBatch(ns, [
      `link set ${inner} up`,
      // A VM's address sits on its Open vSwitch bridge.
      ...(isMachine ? [] : [`addr add ${eni.address}/${length} dev ${inner}`]),
      ...(isMachine || !isFirst ? [] : [`route add default via ${router}`]),
    ]),
    // Open vSwitch in user space reads frames as they are: no unfinished checksum and no super-packet may reach it.
    ...(isMachine ? [wireLike(vpc, port)] : []),
  ];
}

/** An ENI's cable into a virtual machine. */
const tap = ({ port }: PluggedEni, vpc: string): Step =>
  ipBatch(vpc, [`tuntap add dev ${port} mode tap vnet_hdr`, `link set ${port} mtu ${VPC_MTU}`]);

/** Where an ENI's cable ends in the VPC, which knows who is there. */
function port({ port, eni }: PluggedEni, vpc: string): readonly Step[] {
  const bridge = bridgeOf(eni.subnet);
  const mac = macOf(eni);
  return [
    ipBatch(vpc, [
      `link set ${port} master ${bridge}`,
      `link set ${port} type bridge_slave learning off flood off mcast_flood off bcast_flood off proxy_arp on`,
      `link set ${port} up`,
      ...addressesOf(eni).map((address) => `neigh replace ${address} lladdr ${mac} dev ${bridge} nud permanent`),
    ]),
    run(undefined, "bridge", "-n", vpc, "fdb", "replace", mac, "dev", port, "master", "static"),
  ];
}

/** A VM's inside: the interface its workload sees, cabled to its Open vSwitch. */
function inside(vm: string, nsx: string, mac: string): readonly Step[] {
  return [
    ipBatch(vm, [
      `link add nsx type veth peer name nsx-eth0 address ${mac} mtu ${OVERLAY_MTU} netns ${nsx}`,
      `link set nsx mtu ${OVERLAY_MTU} up`,
    ]),
    wireLike(nsx, "nsx-eth0"),
    ipBatch(nsx, ["link set nsx-eth0 up"]),
  ];
}

const wireLike = (namespace: string, device: string): Step =>
  run(namespace, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off");
