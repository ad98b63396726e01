import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { firstHostOf, parsePrefix } from "../net/prefix.ts";

/** An AWS subnet; its first address is the VPC router. */
export interface Subnet {
  readonly name: string;
  readonly prefix: string;
}

/** An elastic network interface, as EC2 describes one. */
export interface Eni {
  readonly subnet: string;
  readonly address: string;
  /** Further private addresses the VPC delivers here. The lab never configures them on the interface. */
  readonly secondaries?: readonly string[];
  /** On: only its own addresses as source and destination, which is EC2's default. */
  readonly sourceDestCheck: boolean;
}

/** A gateway unit: three interfaces. */
export interface GatewayUnit {
  readonly name: string;
  readonly uplink: Eni;
  readonly downlink: Eni;
  readonly management: Eni;
}

/** A VM with Open vSwitch: an interface in the VPC (its TEP) and one on a segment. */
export interface VirtualMachine {
  readonly name: string;
  readonly eni: Eni;
  readonly segment: string;
  readonly mac: string;
  /** Its address by a DHCP static binding. Left out: one from the server's range. */
  readonly staticIp?: string;
  /** The number of its TEP. */
  readonly label: number;
}

/** A machine that knows nothing of overlays. */
interface PlainHost {
  readonly name: string;
  readonly eni: Eni;
}

export interface OverlaySegment {
  readonly id: string;
  readonly name: string;
  readonly vni: number;
  readonly gateway: string;
  readonly dnsName: string;
  readonly dhcpRange: { readonly first: string; readonly last: string };
}

/** A public address. */
export interface ElasticIp {
  readonly address: string;
  /** By unit, the private address it is associated with while that unit has it. The first unit has it at the start. */
  readonly secondary: Readonly<Record<string, string>>;
  /** The VM it is 1:1 for. */
  readonly machine?: string;
}

/** All the laboratory is made of. More of anything is one more row. */
export interface Topology {
  readonly vpc: string;
  readonly subnets: readonly Subnet[];
  readonly internet: { readonly prefix: string; readonly address: string };
  readonly elasticIps: readonly ElasticIp[];
  /** The Elastic IP everything else leaves by, and the ports each unit may take. */
  readonly pat: { readonly address: string; readonly ports: Readonly<Record<string, string>> };
  /** The VPC's route table, beyond its subnets and the Internet gateway. */
  readonly routes: readonly { readonly prefix: string; readonly via: string }[];
  readonly segments: readonly OverlaySegment[];
  readonly units: readonly GatewayUnit[];
  readonly machines: readonly VirtualMachine[];
  readonly hosts: readonly PlainHost[];
  /** Where the manager runs. */
  readonly manager: PlainHost;
}

export const ROUTER_MAC = "02:50:56:56:44:52";
export const VPC_MTU = 9001;
export const INTERNET_MTU = 1500;
/** 9001 less 20 IPv4, 8 UDP, 8 GENEVE, 8 option and 14 Ethernet. */
export const OVERLAY_MTU = 8943;
/** AWS's resolver: the second address of the VPC. */
export const RESOLVER = "10.99.0.2";
export const GENEVE_OPTION = { class: 0x0104, type: 0x80, bytes: 4 } as const;

export const topology: Topology = {
  vpc: "10.99.0.0/16",
  subnets: [
    { name: "uplink", prefix: "10.99.1.0/24" },
    { name: "management", prefix: "10.99.2.0/24" },
    { name: "downlink", prefix: "10.99.3.0/24" },
    { name: "plain", prefix: "10.99.4.0/24" },
    { name: "manager", prefix: "10.99.250.0/24" },
  ],
  internet: { prefix: "198.51.100.0/24", address: "198.51.100.10" },
  elasticIps: [
    { address: "203.0.113.10", secondary: { a: "10.99.1.20" }, machine: "vm-1" },
    { address: "203.0.113.11", secondary: { a: "10.99.1.21" } },
  ],
  pat: { address: "203.0.113.11", ports: { a: "20000-39999", b: "40000-59999" } },
  routes: [{ prefix: "192.168.0.0/16", via: "10.99.3.44" }],
  segments: [
    {
      id: "web",
      name: "Web servers",
      vni: 9096,
      gateway: "192.168.100.1/24",
      dnsName: "web.lab.example",
      dhcpRange: { first: "192.168.100.100", last: "192.168.100.199" },
    },
  ],
  units: [
    {
      name: "a",
      uplink: {
        subnet: "uplink",
        address: "10.99.1.10",
        secondaries: ["10.99.1.20", "10.99.1.21"],
        sourceDestCheck: false,
      },
      downlink: { subnet: "downlink", address: "10.99.3.44", sourceDestCheck: false },
      management: { subnet: "management", address: "10.99.2.10", sourceDestCheck: false },
    },
  ],
  machines: [
    {
      name: "vm-1",
      eni: { subnet: "downlink", address: "10.99.3.248", sourceDestCheck: true },
      segment: "web",
      mac: "02:00:00:00:64:01",
      staticIp: "192.168.100.3",
      label: 12_312,
    },
    {
      name: "vm-2",
      eni: { subnet: "downlink", address: "10.99.3.251", sourceDestCheck: true },
      segment: "web",
      mac: "02:00:00:00:64:02",
      label: 12_313,
    },
  ],
  hosts: [{ name: "host", eni: { subnet: "plain", address: "10.99.4.10", sourceDestCheck: true } }],
  manager: { name: "mgr", eni: { subnet: "manager", address: "10.99.250.10", sourceDestCheck: true } },
};

/** An ENI with the node it is plugged into, and its name at both ends. */
export interface PluggedEni {
  readonly node: string;
  /** Inside the node. */
  readonly interface: string;
  /** Its end inside the VPC. */
  readonly port: string;
  readonly eni: Eni;
}

export function allEnis({ units, machines, hosts, manager }: Topology): readonly PluggedEni[] {
  const ofUnits = units.flatMap((unit) => {
    const node = `pcg-${unit.name}`;
    return [
      { node, interface: "uplink0", port: `${node}-up`, eni: unit.uplink },
      { node, interface: "downlink0", port: `${node}-down`, eni: unit.downlink },
      { node, interface: "mgmt0", port: `${node}-mgmt`, eni: unit.management },
    ];
  });
  const others = [...machines, ...hosts, manager].map(({ name, eni }) => ({
    node: name,
    interface: "eth0",
    port: name,
    eni,
  }));
  return [...ofUnits, ...others];
}

/** Locally administered, and unlike for unlike addresses. */
export function macOf({ address }: { readonly address: string }): string {
  const hex = parseIpv4(address).toString(16).padStart(8, "0");
  return `02:ec:${hex.replace(/(..)(?=.)/g, "$1:")}`;
}

export const addressesOf = (eni: Eni): readonly string[] => [eni.address, ...(eni.secondaries ?? [])];

const firstHost = (prefix: string) => formatIpv4(firstHostOf(parsePrefix(prefix)));

export const internetRouter = ({ internet }: Topology): string => firstHost(internet.prefix);

export function subnetOf({ subnets }: Topology, name: string): Subnet & { router: string; length: number } {
  const found = subnets.find((s) => s.name === name);
  if (!found) throw new TypeError(`no subnet ${name}`);
  return { ...found, router: firstHost(found.prefix), length: parsePrefix(found.prefix).length };
}

/** Overlay addresses that the Internet may reach: of VMs that have an Elastic IP to themselves. */
export const publishedAddresses = ({ elasticIps, machines }: Topology): string[] =>
  machines.flatMap(({ name, staticIp }) =>
    staticIp && elasticIps.some(({ machine }) => machine === name) ? [staticIp] : [],
  );

/** `192.168.100.1/24`: the address alone. */
export const hostPart = (interfaceAddress: string): string => interfaceAddress.split("/", 1).join("");

/** The private address an Elastic IP stands for when the laboratory starts. */
export function associationOf({ address, secondary }: ElasticIp): string {
  const [first] = Object.values(secondary);
  if (!first) throw new TypeError(`Elastic IP ${address} has no secondary address`);
  return first;
}
