import { encode, type Struct } from "../../src/datapath/bpf/struct.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { sh } from "../kernel/namespace.ts";
import { attach, fillArray, loadProgram, readCounter } from "./bpf-program.ts";
import { entryOf, net } from "./entries.ts";
import { BenchNamespace } from "./namespace.ts";
import { inNetwork } from "./thread.ts";
import type { Undo } from "./undo.ts";

/** none: frames as they are. */
export type Tunnel = "geneve" | "vxlan" | "none";

/** Of the cables between the namespaces, the ends. Uplink and downlink are the gateway's. */
export const links = {
  internet: "inet0",
  uplink: "bench-up",
  downlink: "bench-down",
  management: "bench-mgmt",
  wire: "wire0",
  tap: "tap0",
  vm: "vm0",
} as const;

/** struct ends of bpf/endpoint.bpf.c */
const ends = {
  wire: "u32",
  tap: "u32",
  tep: "ipv4",
  gateway: "ipv4",
  vni: "u32",
  vxlan: "u32",
  plain: "u32",
  sink: "u32",
  wireMac: "mac",
  gatewayMac: "mac",
} as const satisfies Struct;

/**
 *     inet ──── gateway ──── host ──── vm
 *       inet0  up    down  wire0 tap0  vm0
 *
 * The Internet, a gateway without any configuration yet, a VM's host that is eBPF alone, and a VM.
 */
export interface Topology {
  readonly inet: BenchNamespace;
  readonly gateway: BenchNamespace;
  readonly host: BenchNamespace;
  readonly vm: BenchNamespace;
  readonly tunnel: Tunnel;
  /** Whether UDP is counted and dropped at both far ends instead of being received. */
  setSink(on: boolean): void;
  /** Packets counted and dropped so far. */
  sunk(): number;
  /** The map that says so. */
  readonly sunkMap: number;
}

export function buildTopology(side: string, tunnel: Tunnel, undo: Undo): Topology {
  const [inet, gateway, host, vm] = ["inet", "gw", "host", "vm"].map(
    (role) => new BenchNamespace(`${side}-${role}`, undo),
  );
  if (!inet || !gateway || !host || !vm) throw new Error("a namespace is missing");
  cable([gateway, links.uplink, 1500], [inet, links.internet, 1500]);
  cable([gateway, links.downlink, 9001], [host, links.wire, 9001]);
  cable([gateway, links.management, 1500], [host, "mgmt-far", 1500]);
  cable([host, links.tap, 1500], [vm, links.vm, 1500]);
  address({ inet, gateway, vm });
  return { inet, gateway, host, vm, tunnel, ...attachEnds({ inet, gateway, host }, tunnel, undo) };
}

type End = readonly [BenchNamespace, string, mtu: number];

function cable([a, left, leftMtu]: End, [b, right, rightMtu]: End): void {
  sh(`ip link add ${left} netns ${a.name} mtu ${leftMtu} type veth peer name ${right} mtu ${rightMtu} netns ${b.name}
      ip -n ${a.name} link set dev ${left} up; ip -n ${b.name} link set dev ${right} up`);
}

/** Neighbours are written down: nothing here measures ARP. */
function address({ inet, gateway, vm }: Pick<Topology, "inet" | "gateway" | "vm">): void {
  const first = entryOf(0);
  inet.batch([
    `addr add ${net.internet}/${net.uplinkLength} dev ${links.internet}`,
    `neigh replace ${net.uplink} lladdr ${gateway.mac(links.uplink)} dev ${links.internet} nud permanent`,
    `route add ${net.secondaries} via ${net.uplink}`,
  ]);
  gateway.batch([
    `addr add ${net.uplink}/${net.uplinkLength} dev ${links.uplink}`,
    `addr add ${net.tep}/${net.downlinkLength} dev ${links.downlink}`,
    `addr add ${net.management}/24 dev ${links.management}`,
    `neigh replace ${net.internet} lladdr ${inet.mac(links.internet)} dev ${links.uplink} nud permanent`,
  ]);
  // Frames are finished and no longer than the MTU when they leave the VM, as they are on any wire.
  vm.run(`ethtool -K ${links.vm} tx off tso off gso off >/dev/null`);
  sh(`ip -n ${vm.name} link set dev ${links.vm} address ${first.mac}`);
  vm.batch([`addr add ${first.ip}/${net.segmentLength} dev ${links.vm}`, `route add default via ${net.gateway}`]);
}

function attachEnds(
  { inet, gateway, host }: Pick<Topology, "inet" | "gateway" | "host">,
  tunnel: Tunnel,
  undo: Undo,
): Pick<Topology, "setSink" | "sunk" | "sunkMap"> {
  const object = loadProgram("endpoint", undo);
  const indexes = { wire: host.index(links.wire), tap: host.index(links.tap), inet: inet.index(links.internet) };
  inNetwork(host.file, () => {
    attach(indexes.wire, object.program("from_wire"), undo);
    attach(indexes.tap, object.program("from_vm"), undo);
  });
  inNetwork(inet.file, () => attach(indexes.inet, object.program("from_gateway"), undo));
  const config = {
    wire: indexes.wire,
    tap: indexes.tap,
    tep: parseIpv4(entryOf(0).tep),
    gateway: parseIpv4(net.tep),
    vni: net.vni,
    vxlan: tunnel === "vxlan" ? 1 : 0,
    plain: tunnel === "none" ? 1 : 0,
    wireMac: parseMac(host.mac(links.wire)),
    gatewayMac: parseMac(gateway.mac(links.downlink)),
  };
  const setSink = (on: boolean) => fillArray(object.map("ends"), [encode(ends, { ...config, sink: on ? 1 : 0 })]);
  setSink(false);
  const sunkMap = object.map("sunk");
  return { setSink, sunk: () => readCounter(sunkMap), sunkMap };
}
