import {
  GENEVE_OPTION,
  hostPart,
  type OverlaySegment,
  ROUTER_MAC,
  type Topology,
  type VirtualMachine,
} from "./topology.ts";

/** OpenFlow port numbers of a VM's bridge. */
export const PORT = { workload: 1, tunnel: 10 } as const;

/** The option the gateway sends and wants, as `ovs-ofctl add-tlv-map` reads it. */
export const tlvMap = `{class=${hex(GENEVE_OPTION.class)},type=${hex(GENEVE_OPTION.type)},len=${GENEVE_OPTION.bytes}}->tun_metadata0`;

function hex(n: number) {
  return `0x${n.toString(16)}`;
}

/**
 * The flows of one VM's bridge. What is for the gateway goes to the gateway's TEP, what is for another VM of the
 * segment straight to that VM's. Of broadcasts only ARP and DHCP leave. A workload may lie about its addresses here:
 * the gateway must hold by itself.
 */
export function switchFlows(topology: Topology, vm: VirtualMachine): string {
  const segment = segmentOf(topology, vm);
  const gateway = topology.units[0]?.downlink.address;
  const others = topology.machines.filter(({ name, segment: id }) => id === vm.segment && name !== vm.name);
  const tunnel = (...teps: (string | undefined)[]) =>
    [
      `set_field:${segment.vni}->tun_id`,
      `set_field:${hex(vm.label)}->tun_metadata0`,
      ...teps.flatMap((tep) => [`set_field:${tep}->tun_dst`, `output:${PORT.tunnel}`]),
    ].join(",");
  const out = `in_port=${PORT.workload}`;
  const back = `in_port=${PORT.tunnel},tun_id=${segment.vni}`;
  const broadcast = "ff:ff:ff:ff:ff:ff";
  const flows = [
    `priority=300,${out},dl_dst=${ROUTER_MAC},actions=${tunnel(gateway)}`,
    `priority=300,${out},dl_dst=${broadcast},arp,arp_tpa=${hostPart(segment.gateway)},actions=${tunnel(gateway)}`,
    `priority=300,${out},dl_dst=${broadcast},udp,tp_src=68,tp_dst=67,actions=${tunnel(gateway)}`,
    ...others.flatMap(({ mac, eni }) => [
      `priority=200,${out},dl_dst=${mac},actions=${tunnel(eni.address)}`,
      `priority=200,${back},tun_src=${eni.address},dl_src=${mac},dl_dst=${vm.mac},actions=output:${PORT.workload}`,
      `priority=200,${back},tun_src=${eni.address},dl_src=${mac},dl_dst=${broadcast},arp,actions=output:${PORT.workload}`,
    ]),
    ...(others.length > 0
      ? [`priority=100,${out},dl_dst=${broadcast},arp,actions=${tunnel(...others.map(({ eni }) => eni.address))}`]
      : []),
    ...topology.units.flatMap(({ downlink }) =>
      [vm.mac, broadcast].map(
        (to) => `priority=200,${back},tun_src=${downlink.address},dl_dst=${to},actions=output:${PORT.workload}`,
      ),
    ),
    "priority=0,actions=drop",
  ];
  return flows.map((flow) => `table=0,${flow}\n`).join("");
}

export function segmentOf({ segments }: Topology, { segment }: VirtualMachine): OverlaySegment {
  const found = segments.find(({ id }) => id === segment);
  if (!found) throw new TypeError(`no segment ${segment}`);
  return found;
}
