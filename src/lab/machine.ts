import type { LabPaths } from "./lab-paths.ts";
import { ipBatch, run, type Step } from "./step.ts";
import { PORT, switchFlows, tlvMap } from "./switch-flows.ts";
import { allEnis, macOf, subnetOf, type Topology, type VirtualMachine, VPC_MTU } from "./topology.ts";

/** Files of this folder that run on their own, as the machine sees them. */
export interface Programs {
  readonly node: string;
  readonly checkout: string;
  readonly httpHost: string;
  readonly dhcpScript: string;
  readonly metadataHost: string;
  readonly packetBuffers: string;
}

/** Where a VM's DHCP client writes down what it got. */
export const leaseFile = (lab: LabPaths, { name }: VirtualMachine): string => `${lab.node(name)}/lease.json`;

const pidFile = (lab: LabPaths, { name }: VirtualMachine, program: string) => `${lab.node(name)}/${program}.pid`;

/** A VM from power-on: its Open vSwitch, the flows, a DHCP client and a web server inside. */
export function machine(topology: Topology, lab: LabPaths, vm: VirtualMachine, programs: Programs): readonly Step[] {
  const nsx = lab.namespace(`${vm.name}-nsx`);
  const dhcpClient: Step = {
    kind: "daemon",
    name: `${vm.name}-dhcp`,
    node: `${vm.name}-nsx`,
    namespace: nsx,
    argv: ["udhcpc", "-f", "-R", "-i", "nsx-eth0", "-s", programs.dhcpScript, ...dhcpOptions(vm)],
    env: { LAB_DIRECTORY: lab.node(vm.name) },
    log: lab.log(`${vm.name}-dhcp`),
  };
  return [
    { kind: "directory", path: lab.node(vm.name) },
    ...openVswitch(topology, lab, vm),
    run(undefined, programs.node, programs.packetBuffers, pidFile(lab, vm, "ovs-vswitchd")),
    dhcpClient,
    webServer(lab, { node: `${vm.name}-nsx`, calledItself: vm.name }, programs),
  ];
}

/** Five tries a second apart, another round a second later: a VM that starts before its gateway soon has its lease. */
const dhcpOptions = ({ name }: VirtualMachine) => [
  "-x",
  `hostname:${name}`,
  "-O",
  "mtu",
  "-O",
  "staticroutes",
  "-t",
  "5",
  "-T",
  "1",
  "-A",
  "1",
];

/** A web server that tells who asked. */
export function webServer(
  lab: LabPaths,
  { node, calledItself }: { node: string; calledItself: string },
  { node: runtime, httpHost }: Programs,
): Step {
  return {
    kind: "daemon",
    name: `${calledItself}-http`,
    node,
    namespace: lab.namespace(node),
    argv: [runtime, httpHost, calledItself],
    log: lab.log(`${calledItself}-http`),
  };
}

/**
 * `br-phy` has the VM's interface as a port and its address on it, which is where Open vSwitch in user space looks for
 * the way of a tunnel packet; `nsx-managed` has the workload and the tunnel.
 */
function openVswitch(topology: Topology, lab: LabPaths, vm: VirtualMachine): readonly Step[] {
  const namespace = lab.namespace(vm.name);
  const directory = lab.node(vm.name);
  const env = { OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory };
  const socket = `unix:${directory}/db.sock`;
  const { router, length } = subnetOf(topology, vm.eni.subnet);
  const ovs = (...argv: [string, ...string[]]): Step => ({ kind: "run", argv, env, namespace });
  const control = (...argv: string[]) => ovs("ovs-vsctl", `--db=${socket}`, ...argv);
  const daemon = (program: string, ...argv: string[]): Step => ({
    kind: "daemon",
    name: `${vm.name}-${program}`,
    node: vm.name,
    namespace,
    env,
    log: lab.log(`${vm.name}-${program}`),
    pidFile: pidFile(lab, vm, program),
    argv: [program, ...argv, "--detach", `--pidfile=${pidFile(lab, vm, program)}`, ...quietly(lab, vm, program)],
  });
  return [
    { kind: "run", argv: ["nft", "-f", "-"], stdin: switchOnly, namespace },
    ovs("ovsdb-tool", "create", `${directory}/conf.db`, "/usr/share/openvswitch/vswitch.ovsschema"),
    daemon("ovsdb-server", `${directory}/conf.db`, `--remote=p${socket}`),
    control("--no-wait", "init"),
    daemon("ovs-vswitchd", socket),
    control(
      ..."add-br br-phy".split(" "),
      ...`-- set bridge br-phy datapath_type=netdev other_config:hwaddr="${macOf(vm.eni)}"`.split(" "),
      ..."-- add-port br-phy eth0".split(" "),
      ..."-- add-br nsx-managed -- set bridge nsx-managed datapath_type=netdev fail_mode=secure".split(" "),
      ...`-- add-port nsx-managed nsx -- set interface nsx ofport_request=${PORT.workload}`.split(" "),
      ...`-- add-port nsx-managed geneve0 -- set interface geneve0 type=geneve ofport_request=${PORT.tunnel}`.split(
        " ",
      ),
      ..."options:remote_ip=flow options:key=flow".split(" "),
    ),
    ipBatch(namespace, [
      `link set br-phy mtu ${VPC_MTU} up`,
      `addr add ${vm.eni.address}/${length} dev br-phy`,
      `route add default via ${router}`,
    ]),
    ...neighbours(topology, vm).map((address) =>
      ovs("ovs-appctl", "-t", "ovs-vswitchd", "tnl/arp/set", "br-phy", address, macOf({ address })),
    ),
    ovs("ovs-ofctl", "add-tlv-map", "nsx-managed", tlvMap),
    {
      kind: "run",
      argv: ["ovs-ofctl", "-O", "OpenFlow13", "add-flows", "nsx-managed", "-"],
      stdin: switchFlows(topology, vm),
      env,
      namespace,
    },
  ];
}

/**
 * Whom the VM meets in its subnet. Open vSwitch asks by ARP once for each flow it translates, and does not hear an answer
 * that comes before it has noticed its own new address; a client that keeps asking then keeps the dead flow alive.
 */
const neighbours = (topology: Topology, { eni }: VirtualMachine): readonly string[] => [
  subnetOf(topology, eni.subnet).router,
  ...allEnis(topology).flatMap((other) =>
    other.eni.subnet === eni.subnet && other.eni !== eni ? [other.eni.address] : [],
  ),
];

/** Open vSwitch gets its copy of a frame first; without this the VM's own IP stack would answer the same frame again. */
const switchOnly = `table netdev switch {
  chain ports {
    type filter hook ingress devices = { eth0, nsx } priority filter; policy drop;
  }
}
`;

const quietly = (lab: LabPaths, { name }: VirtualMachine, program: string) => [
  `--log-file=${lab.log(`${name}-${program}`)}`,
  "-vconsole:off",
  "-vsyslog:off",
  "-vfile:info",
];
