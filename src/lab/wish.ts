import type { DesiredState } from "../model/desired.ts";
import type { FirewallRule } from "../model/firewall.ts";
import type { UnitConfig } from "../model/unit.ts";
import { CONTROLLER_ID } from "./manager.ts";
import type { Wishing } from "./setup.ts";
import { segmentOf } from "./switch-flows.ts";
import {
  type GatewayUnit,
  GENEVE_OPTION,
  hostPart,
  OVERLAY_MTU,
  publishedAddresses,
  RESOLVER,
  ROUTER_MAC,
  type Topology,
} from "./topology.ts";

/** The pcgd.yaml of a unit. */
export const unitConfig = (topology: Topology, { name, downlink }: GatewayUnit, wishing: Wishing): UnitConfig => ({
  unit: name,
  interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
  tep: { address: downlink.address, label: 12_300 },
  geneve: { optionClass: GENEVE_OPTION.class, optionType: GENEVE_OPTION.type },
  routerMac: ROUTER_MAC,
  ...(wishing === "manager" && {
    controller: { hosts: [topology.manager.eni.address], id: CONTROLLER_ID },
    agents: {},
  }),
});

/** What the laboratory wants of its gateways. */
export function labWish(topology: Topology): DesiredState {
  const { segments, machines, elasticIps, pat, vpc } = topology;
  const overlayIpOf = (name?: string) => machines.find((vm) => vm.name === name)?.staticIp;
  return {
    generation: 1,
    segments: segments.map(({ id, name, vni, gateway, dnsName }) => ({
      id,
      name,
      vni,
      gateway,
      dnsName,
      mtu: OVERLAY_MTU,
    })),
    teps: machines.map(({ eni, label }) => ({ address: eni.address, label })),
    endpoints: machines.map((vm) => ({
      segment: segmentOf(topology, vm).id,
      mac: vm.mac,
      tep: vm.eni.address,
      ...(vm.staticIp && { ip: vm.staticIp }),
    })),
    tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }], underlay: [{ prefix: vpc, mode: "routed" }] },
    elasticIps: elasticIps.map(({ address, secondary, machine }) => {
      const overlayIp = overlayIpOf(machine);
      return { address, secondary: { ...secondary }, ...(overlayIp && { overlayIp }) };
    }),
    pat: { address: pat.address, ports: { ...pat.ports } },
    firewall: [{ id: "laboratory", rules: firewallRules(topology) }],
    dhcp: segments.map(({ id, gateway, dhcpRange }) => ({
      id,
      segment: id,
      address: hostPart(gateway),
      ranges: [{ ...dhcpRange }],
      bindings: machines.flatMap(({ segment, mac, staticIp }) =>
        segment === id && staticIp ? [{ mac, ip: staticIp }] : [],
      ),
      options: { dns: [RESOLVER] },
    })),
  };
}

function firewallRules(topology: Topology): FirewallRule[] {
  return [
    {
      id: "published",
      action: "ALLOW",
      direction: "IN",
      destinations: publishedAddresses(topology),
      services: [
        { protocol: "tcp", destinationPorts: "80" },
        { protocol: "icmp", icmpType: 8 },
      ],
    },
    { id: "from-vpc", action: "ALLOW", direction: "IN", sources: [topology.vpc] },
  ];
}
