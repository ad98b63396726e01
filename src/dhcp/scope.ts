import type { DhcpOptions, DhcpServer, StaticBinding } from "../model/dhcp.ts";
import type { Segment } from "../model/topology.ts";
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
import type { OptionSet } from "../wire/dhcp-options.ts";
import { INFINITE_SECONDS } from "./lease.ts";
import { encodeOptions } from "./scope-options.ts";

/** A client's fixed address. */
export interface Binding {
  readonly ip: Ipv4;
  readonly options: OptionSet;
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
  readonly options: OptionSet;
  /** The binding that names most about a client: both of its names, then the identifier, then the MAC. */
  readonly bindingFor: (mac: Mac, clientId: string | undefined) => Binding | undefined;
}

/** Inner IP packets through GENEVE on the VPC's jumbo frames. */
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
export function makeScope(config: DhcpServer, segment: Segment): Scope {
  const gateway = parseInterfaceAddress(segment.gateway);
  const subnet = networkOf(gateway);
  const broadcast = broadcastOf(subnet);
  const server = config.address === undefined ? gateway.address : parseIpv4(config.address);
  const mtu = segment.mtu ?? DEFAULT_MTU;
  const defaults: DhcpOptions = {
    router: [formatIpv4(gateway.address)],
    broadcast: formatIpv4(broadcast),
    mtu,
    ...(segment.dnsName !== undefined && { domain: segment.dnsName }),
  };
  // A mask has to stand before the routers, RFC 2132 §3.3.
  const mask = [[dhcpOption.subnetMask.code, dhcpOption.subnetMask.value.encode(netmaskOf(subnet))]] as const;
  const encode = (own: DhcpOptions) => encodeOptions([defaults, config.options ?? {}, own], mask);
  const bindings = config.bindings ?? [];
  return {
    segment: segment.id,
    vni: Vni(segment.vni),
    subnet,
    server,
    mtu,
    ...leaseTimes(config),
    declineSeconds: config.declineSeconds ?? DEFAULT_DECLINE_SECONDS,
    ranges: config.ranges.map(({ first, last }) => ({ first: parseIpv4(first), last: parseIpv4(last) })),
    never: new Set([gateway.address, server, subnet.address, broadcast, ...bindings.map(({ ip }) => parseIpv4(ip))]),
    relays: new Set((config.relays ?? []).map(parseIpv4)),
    options: encode({}),
    bindingFor: lookUp(bindings, encode),
  };
}

/** How a binding is found: by what it names of a client. */
const bindingKey = (mac: Mac | undefined, clientId: string | undefined): string =>
  `${mac ?? ""}/${clientId?.toLowerCase() ?? ""}`;

export const keyOfBinding = ({ mac, clientId }: StaticBinding): string =>
  bindingKey(mac === undefined ? undefined : parseMac(mac), clientId);

function lookUp(bindings: readonly StaticBinding[], encode: (own: DhcpOptions) => OptionSet): Scope["bindingFor"] {
  const found = new Map<string, Binding>();
  for (const binding of bindings) {
    found.set(keyOfBinding(binding), { ip: parseIpv4(binding.ip), options: encode(binding.options ?? {}) });
  }
  if (found.size === 0) return () => undefined;
  return (mac, clientId) =>
    (clientId === undefined
      ? undefined
      : (found.get(bindingKey(mac, clientId)) ?? found.get(bindingKey(undefined, clientId)))) ??
    found.get(bindingKey(mac, undefined));
}
