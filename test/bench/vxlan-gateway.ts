import { type Entry, net } from "./entries.ts";
import { forwards, runFile, translate } from "./nftables-gateway.ts";
import type { Topology } from "./topology.ts";

export const VXLAN_DEVICE = "vx0";
const PORT = 4789;
/** 9001 less outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14. */
const MTU = 8951;

/** A VXLAN device whose neighbours and forwarding entries are all written down, with NAT by nftables. */
export function configureVxlan({ gateway }: Topology, entries: readonly Entry[]): void {
  gateway.batch([
    `link add ${VXLAN_DEVICE} mtu ${MTU} type vxlan id ${net.vni} local ${net.tep} dstport ${PORT} nolearning noudpcsum`,
    `link set dev ${VXLAN_DEVICE} up`,
    `addr add ${net.gateway}/${net.segmentLength} dev ${VXLAN_DEVICE}`,
  ]);
  forwards(gateway, VXLAN_DEVICE);
  runFile(
    gateway,
    "ip -batch",
    entries.map((e) => `neigh replace ${e.ip} lladdr ${e.mac} dev ${VXLAN_DEVICE} nud permanent`),
  );
  runFile(
    gateway,
    "bridge -batch",
    entries.map((e) => `fdb replace ${e.mac} dev ${VXLAN_DEVICE} dst ${e.tep} self permanent`),
  );
  translate(gateway, { entries, device: VXLAN_DEVICE, port: PORT, flowtable: false });
}
