import { parseIpv4 } from "../../../net/ipv4.ts";
import { claim } from "../claims.ts";
import { type ObjectOf, parentOf } from "../kinds.ts";
import { type Check, type Finding, rival, type Scope } from "./check.ts";
import { isMoved, subnetOf, whyNoHost } from "./subnet.ts";

const IP = "address_bindings[0].ip_address";
const MAC = "address_bindings[0].mac_address";

/** A port's address is one of its segment, and address and MAC are no other port's there. */
export const ports: Check = function* (scope) {
  for (const [path, port] of scope.present("SegmentPort")) {
    const segment = parentOf(path) ?? "";
    yield* addressFlaws(scope, segment, [path, port]);
    yield* rivalFlaws(scope, segment, [path, port]);
  }
  for (const { path: segment, before, after } of scope.of("Segment"))
    if (before && after && isMoved(before, after))
      for (const row of scope.below("SegmentPort", segment)) yield* addressFlaws(scope, segment, row);
};

type Row = readonly [path: string, port: ObjectOf<"SegmentPort">];

function* addressFlaws(scope: Scope, segmentPath: string, [path, { address_bindings }]: Row): Generator<Finding> {
  const segment = scope.object("Segment", segmentPath);
  const subnet = segment && subnetOf(segment);
  const value = address_bindings[0]?.ip_address;
  const why = subnet && value !== undefined ? whyNoHost(subnet, parseIpv4(value)) : undefined;
  if (why) yield { path, field: IP, value, why };
}

function* rivalFlaws({ draft }: Scope, segment: string, [path, { address_bindings }]: Row): Generator<Finding> {
  for (const { mac_address: mac, ip_address: ip } of address_bindings) {
    const sameMac = rival(draft, claim.portMac(segment, mac), path);
    if (sameMac) yield { path, field: MAC, value: mac, why: `is the MAC of ${sameMac}; one port an interface` };
    const sameIp = ip === undefined ? undefined : rival(draft, claim.portIp(segment, ip), path);
    if (sameIp) yield { path, field: IP, value: ip, why: `is the address of ${sameIp}; take another` };
    else if (ip !== undefined) yield* bindingFlaws(draft, segment, path, { mac, ip });
  }
}

/** DHCP gives the port its own address, and that one to nobody else: it could send from no other. */
function* bindingFlaws(
  draft: Scope["draft"],
  segment: string,
  path: string,
  { mac, ip }: { readonly mac: string; readonly ip: string },
): Generator<Finding> {
  const bindingOf = (found: string) => draft.get(found) as ObjectOf<"DhcpV4StaticBindingConfig">;
  const byIp = rival(draft, claim.boundIp(segment, ip), path);
  if (byIp && bindingOf(byIp).mac_address.toLowerCase() !== mac.toLowerCase())
    yield { path, field: IP, value: ip, why: `is given to another MAC by ${byIp}; take another` };
  const byMac = rival(draft, claim.boundMac(segment, mac), path);
  if (byMac && byMac !== byIp && bindingOf(byMac).ip_address !== ip)
    yield { path, field: IP, value: ip, why: `is not what ${byMac} gives to its MAC; make them the same` };
}
