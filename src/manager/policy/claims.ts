import { type Ipv4, parseIpv4 } from "../../net/ipv4.ts";
import { networkOf, type Prefix, parseInterfaceAddress } from "../../net/prefix.ts";
import { kindOf, type ObjectOf, parentOf } from "./kinds.ts";
import { referencesOf } from "./references.ts";

/** Who holds what: finds objects by something they say, without looking at them all. */
export interface Claims {
  /** The paths of those that make a claim. */
  holders(claim: string): Iterable<string>;
}

/** What an object may claim, as text. */
export const claim = {
  /** It refers to that path. */
  to: (path: string) => `to ${path}`,
  vni: (vni: number) => `vni ${vni}`,
  /** A segment on a Tier-0 that has exactly this network. */
  network: (tier0: string, prefix: Prefix) => `net ${tier0} ${prefix.address}/${prefix.length}`,
  /** A segment on a Tier-0 whose network is this one or a part of it. */
  within: (tier0: string, prefix: Prefix) => `within ${tier0} ${prefix.address}/${prefix.length}`,
  elastic: (address: string) => `eip ${address}`,
  secondary: (tier0: string, address: string) => `secondary ${tier0} ${address}`,
  overlay: (tier0: string, address: string) => `overlay ${tier0} ${address}`,
  portMac: (segment: string, mac: string) => `mac ${segment} ${mac.toLowerCase()}`,
  portIp: (segment: string, ip: string) => `ip ${segment} ${ip}`,
  boundMac: (segment: string, mac: string) => `bound-mac ${segment} ${mac.toLowerCase()}`,
  boundIp: (segment: string, ip: string) => `bound-ip ${segment} ${ip}`,
} as const;

/** Everything that the object under a path claims; nothing if there is no object of the policy tree. */
export function claimsOf(path: string, object: unknown): string[] {
  const kind = object !== undefined && path.startsWith("/infra/") ? kindOf(path) : undefined;
  if (!kind) return [];
  const references = referencesOf(kind, object).map((reference) => claim.to(reference.path));
  const above = parentOf(path) ?? "";
  switch (kind) {
    case "Segment":
      return [...references, ...segmentClaims(object as ObjectOf<"Segment">)];
    case "SegmentPort":
      return [...references, ...portClaims(above, object as ObjectOf<"SegmentPort">)];
    case "DhcpV4StaticBindingConfig":
      return [...references, ...bindingClaims(above, object as ObjectOf<"DhcpV4StaticBindingConfig">)];
    case "ElasticIp":
      return [...references, ...elasticClaims(above, object as ObjectOf<"ElasticIp">)];
    default:
      return references;
  }
}

function segmentClaims({ overlay_id: vni, connectivity_path: tier0, subnets }: ObjectOf<"Segment">): string[] {
  const named = vni === undefined ? [] : [claim.vni(vni)];
  if (tier0 === undefined) return named;
  const networks = subnets.map((subnet) => networkOf(parseInterfaceAddress(subnet.gateway_address)));
  return [
    ...named,
    ...networks.flatMap((network) => [
      claim.network(tier0, network),
      ...around(network).map((wider) => claim.within(tier0, wider)),
    ]),
  ];
}

const portClaims = (segment: string, { address_bindings }: ObjectOf<"SegmentPort">) =>
  address_bindings.flatMap(({ mac_address: mac, ip_address: ip }) => [
    claim.portMac(segment, mac),
    ...(ip === undefined ? [] : [claim.portIp(segment, ip)]),
  ]);

const bindingClaims = (segment: string, binding: ObjectOf<"DhcpV4StaticBindingConfig">) => [
  claim.boundMac(segment, binding.mac_address),
  claim.boundIp(segment, binding.ip_address),
];

const elasticClaims = (tier0: string, { address, secondaries, overlay_ip }: ObjectOf<"ElasticIp">) => [
  claim.elastic(address),
  ...Object.values(secondaries).map((secondary) => claim.secondary(tier0, secondary)),
  ...(overlay_ip === undefined ? [] : [claim.overlay(tier0, overlay_ip)]),
];

/** A network and all that contain it, the widest first. */
const around = (prefix: Prefix): Prefix[] =>
  Array.from({ length: prefix.length + 1 }, (_, length) => networkOf({ address: prefix.address, length }));

/** The segments of a Tier-0 whose networks have an address in common with a prefix; 33 look-ups at most. */
export function* segmentsMeeting(claims: Claims, tier0: string, prefix: Prefix): Generator<string> {
  for (const wider of around(prefix).slice(0, -1)) yield* claims.holders(claim.network(tier0, wider));
  yield* claims.holders(claim.within(tier0, prefix));
}

/** The segment of a Tier-0 that an address is in. */
export function segmentOf(claims: Claims, tier0: string, address: string): string | undefined {
  const ip: Ipv4 = parseIpv4(address);
  for (const segment of segmentsMeeting(claims, tier0, { address: ip, length: 32 })) return segment;
  return undefined;
}
