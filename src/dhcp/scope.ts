import type { DhcpOptions, DhcpServer, StaticBinding } from "../model/dhcp.ts";
import type { Endpoint, Segment } from "../model/topology.ts";
import { formatIpv4, type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { type Mac, parseMac } from "../net/mac.ts";
import {
  type AddressRange,
  broadcastOf,
  netmaskOf,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
} from "../net/prefix.ts";
import { Vni } from "../net/vni.ts";
import { dhcpOption } from "../wire/dhcp-option-codes.ts";
import { type Parameters, withBootFields } from "./boot-fields.ts";
import { INFINITE_SECONDS } from "./lease.ts";
import { encodeOptions } from "./scope-options.ts";

/** A client's fixed address. */
export interface Binding {
  readonly ip: Ipv4;
  readonly parameters: Parameters;
  /** Whether the desired state gives the client's segment port this address: nobody else can send from it. */
  readonly isPorts: boolean;
}

/** What the desired state and the unit say beside the server's own configuration. */
export interface Surroundings {
  /** Segment ports of any segment. */
  readonly endpoints?: readonly Endpoint[];
  /** Bytes of an inner IP packet that get through the tunnel. */
  readonly overlayMtu?: number;
}

/** One server with its segment: all defaults filled in, all text read, all options encoded. */
export interface Scope {
  readonly segment: string;
  readonly vni: Vni;
  readonly subnet: Prefix;
  readonly server: Ipv4;
  readonly mtu: number;
  readonly leaseSeconds: number;
  readonly renewSeconds: number;
  readonly rebindSeconds: number;
  readonly declineSeconds: number;
  readonly ranges: readonly AddressRange[];
  /** Addresses that are never given out of a range. */
  readonly never: ReadonlySet<Ipv4>;
  readonly relays: ReadonlySet<Ipv4>;
  readonly parameters: Parameters;
  /** The binding that names most about a client: both of its names, then the identifier, then the MAC. */
  readonly bindingFor: (mac: Mac, clientId: string | undefined) => Binding | undefined;
}

/** Inner IP packets through GENEVE on the VPC's jumbo frames: as long as the downlink is not known. */
const DEFAULT_MTU = 8943;
const DEFAULT_LEASE_SECONDS = 86_400;
const DEFAULT_DECLINE_SECONDS = 3600;

/** The times of a lease, T1 and T2 by default half and 7/8 of it. RFC 2131 §4.4.5. */
export function leaseTimes(config: DhcpServer) {
  const { leaseSeconds = DEFAULT_LEASE_SECONDS } = config;
  const { renewSeconds = Math.floor(leaseSeconds / 2), rebindSeconds = Math.floor((leaseSeconds * 7) / 8) } = config;
  return { leaseSeconds, renewSeconds, rebindSeconds, isInfinite: leaseSeconds === INFINITE_SECONDS };
}

/** @throws NET_BAD_VALUE, WIRE_UNENCODABLE where {@link checkDhcpServer} finds a flaw */
export function makeScope(config: DhcpServer, segment: Segment, surroundings: Surroundings = {}): Scope {
  const gateway = parseInterfaceAddress(segment.gateway);
  const subnet = networkOf(gateway);
  const broadcast = broadcastOf(subnet);
  const server = config.address === undefined ? gateway.address : parseIpv4(config.address);
  const { overlayMtu = DEFAULT_MTU, endpoints = [] } = surroundings;
  const mtu = Math.min(segment.mtu ?? overlayMtu, overlayMtu);
  const defaults: DhcpOptions = {
    router: [formatIpv4(gateway.address)],
    broadcast: formatIpv4(broadcast),
    mtu,
    ...(segment.dnsName !== undefined && { domain: segment.dnsName }),
  };
  // A mask has to stand before the routers, RFC 2132 §3.3.
  const mask = [[dhcpOption.subnetMask.code, dhcpOption.subnetMask.value.encode(netmaskOf(subnet))]] as const;
  // What a client is told to send must get through, whoever says so.
  const fitting = (options: DhcpOptions): DhcpOptions =>
    options.mtu === undefined ? options : { ...options, mtu: Math.min(options.mtu, overlayMtu) };
  const levels = [defaults, fitting(config.options ?? {})];
  const encode = (own: DhcpOptions) => withBootFields(encodeOptions([...levels, fitting(own)], mask));
  const bindings = config.bindings ?? [];
  const parameters = encode({});
  const ports = portAddresses(segment, endpoints);
  return {
    segment: segment.id,
    vni: Vni(segment.vni),
    subnet,
    server,
    mtu,
    ...leaseTimes(config),
    declineSeconds: config.declineSeconds ?? DEFAULT_DECLINE_SECONDS,
    ranges: config.ranges.map(({ first, last }) => ({ first: parseIpv4(first), last: parseIpv4(last) })),
    never: new Set([
      ...[gateway.address, server, subnet.address, broadcast],
      ...bindings.map(({ ip }) => parseIpv4(ip)),
      ...ports.values(),
    ]),
    relays: new Set((config.relays ?? []).map(parseIpv4)),
    parameters,
    bindingFor: ofPorts(ports, parameters, lookUp(bindings, encode)),
  };
}

/** How a binding is found: by what it names of a client. */
const bindingKey = (mac: Mac | undefined, clientId: string | undefined): string =>
  `${mac ?? ""}/${clientId?.toLowerCase() ?? ""}`;

export const keyOfBinding = ({ mac, clientId }: StaticBinding): string =>
  bindingKey(mac === undefined ? undefined : parseMac(mac), clientId);

/** The addresses that the desired state gives to ports of the segment. */
const portAddresses = (segment: Segment, endpoints: readonly Endpoint[]): ReadonlyMap<Mac, Ipv4> =>
  new Map(
    endpoints.flatMap((e) =>
      e.segment === segment.id && e.ip !== undefined ? [[parseMac(e.mac), parseIpv4(e.ip)] as const] : [],
    ),
  );

/** A port's own address goes to that port alone, and no other does: it could not send from any other. */
function ofPorts(
  ports: ReadonlyMap<Mac, Ipv4>,
  parameters: Parameters,
  bound: Scope["bindingFor"],
): Scope["bindingFor"] {
  if (ports.size === 0) return bound;
  const taken = new Set(ports.values());
  return (mac, clientId) => {
    const ip = ports.get(mac);
    const found = bound(mac, clientId);
    if (ip === undefined) return found && taken.has(found.ip) ? undefined : found;
    return { ip, parameters: found?.ip === ip ? found.parameters : parameters, isPorts: true };
  };
}

function lookUp(bindings: readonly StaticBinding[], encode: (own: DhcpOptions) => Parameters): Scope["bindingFor"] {
  const found = new Map<string, Binding>();
  for (const binding of bindings) {
    const parameters = encode(binding.options ?? {});
    found.set(keyOfBinding(binding), { ip: parseIpv4(binding.ip), parameters, isPorts: false });
  }
  if (found.size === 0) return () => undefined;
  return (mac, clientId) =>
    (clientId === undefined
      ? undefined
      : (found.get(bindingKey(mac, clientId)) ?? found.get(bindingKey(undefined, clientId)))) ??
    found.get(bindingKey(mac, undefined));
}
