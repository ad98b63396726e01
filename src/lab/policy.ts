import { segmentOf } from "./switch-flows.ts";
import { OVERLAY_MTU, publishedAddresses, RESOLVER, type Topology } from "./topology.ts";

const TIER0 = "lab";

/** What the laboratory wants of its gateways, as one hierarchical PATCH of the Policy API. */
export function labPolicy(topology: Topology): object {
  const { machines, units, segments } = topology;
  return {
    resource_type: "Infra",
    children: [
      ...machines.map(({ name, eni, label }) => ({
        resource_type: "ChildVirtualMachine",
        VirtualMachine: { id: name, tep_address: eni.address, tep_label: label },
      })),
      {
        resource_type: "ChildService",
        Service: {
          id: "published",
          service_entries: [
            { resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80"] },
            { resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4", icmp_type: 8 },
          ],
        },
      },
      { resource_type: "ChildDhcpServerConfig", DhcpServerConfig: { id: "lab" } },
      { resource_type: "ChildTier0", Tier0: tier0(topology) },
      ...units.map(({ name }) => ({
        resource_type: "ChildPublicCloudGateway",
        PublicCloudGateway: { id: `pcg-${name}`, tier0_path: `/infra/tier-0s/${TIER0}` },
      })),
      ...segments.map((segment) => ({ resource_type: "ChildSegment", Segment: segmentTree(topology, segment) })),
      {
        resource_type: "ChildDomain",
        Domain: {
          id: "default",
          children: [
            {
              resource_type: "ChildGatewayPolicy",
              GatewayPolicy: { id: "lab", rules: gatewayRules(topology) },
            },
          ],
        },
      },
    ],
  };
}

function tier0({ elasticIps, pat, vpc, machines }: Topology): object {
  const overlayIpOf = (name?: string) => machines.find((vm) => vm.name === name)?.staticIp;
  return {
    id: TIER0,
    pat: { elastic_ip: pat.address, ports: { ...pat.ports } },
    underlay: [{ network: vpc, mode: "ROUTED" }],
    children: elasticIps.map(({ address, secondary, machine }) => {
      const overlayIp = overlayIpOf(machine);
      return {
        resource_type: "ChildElasticIp",
        ElasticIp: {
          id: `eip-${address}`,
          address,
          secondaries: { ...secondary },
          ...(overlayIp && { overlay_ip: overlayIp }),
        },
      };
    }),
  };
}

function segmentTree(topology: Topology, segment: Topology["segments"][number]): object {
  const { id, name, vni, gateway, dnsName, dhcpRange } = segment;
  const machines = topology.machines.filter((vm) => segmentOf(topology, vm).id === id);
  return {
    id,
    display_name: name,
    connectivity_path: `/infra/tier-0s/${TIER0}`,
    overlay_id: vni,
    domain_name: dnsName,
    mtu: OVERLAY_MTU,
    dhcp_config_path: "/infra/dhcp-server-configs/lab",
    subnets: [
      {
        gateway_address: gateway,
        dhcp_ranges: [`${dhcpRange.first}-${dhcpRange.last}`],
        dhcp_config: { dns_servers: [RESOLVER] },
      },
    ],
    children: machines.flatMap(({ name: vm, mac, staticIp }) => [
      {
        resource_type: "ChildSegmentPort",
        SegmentPort: {
          id: vm,
          attachment: { id: vm },
          address_bindings: [{ mac_address: mac, ...(staticIp && { ip_address: staticIp }) }],
        },
      },
      ...(staticIp
        ? [
            {
              resource_type: "ChildDhcpV4StaticBindingConfig",
              DhcpV4StaticBindingConfig: { id: vm, ip_address: staticIp, mac_address: mac },
            },
          ]
        : []),
    ]),
  };
}

function gatewayRules(topology: Topology): object[] {
  return [
    {
      id: "published",
      action: "ALLOW",
      direction: "IN",
      destination_groups: publishedAddresses(topology),
      services: ["/infra/services/published"],
      sequence_number: 10,
    },
    { id: "from-vpc", action: "ALLOW", direction: "IN", source_groups: [topology.vpc], sequence_number: 20 },
  ];
}
