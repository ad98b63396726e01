import { parseIpv4 } from "../../../net/ipv4.ts";
import { claim } from "../claims.ts";
import { type ObjectOf, parentOf } from "../kinds.ts";
import { type Check, type Finding, rival, type Scope } from "./check.ts";
import { rangeHolding, serverOf } from "./dhcp-range.ts";
import { subnetOf, whyNoHost } from "./subnet.ts";

type Binding = ObjectOf<"DhcpV4StaticBindingConfig">;

/** A fixed address is one of its segment, outside what is given to anybody, and one interface's. */
export const bindings: Check = function* (scope) {
  for (const [path, binding] of scope.present("DhcpV4StaticBindingConfig")) {
    const segment = parentOf(path) ?? "";
    yield* addressFlaws(scope, segment, [path, binding]);
    yield* rivalFlaws(scope, segment, [path, binding]);
  }
  for (const { path: segment, before, after } of scope.of("Segment"))
    if (before && after && isOtherwise(before, after))
      for (const row of scope.below("DhcpV4StaticBindingConfig", segment)) yield* addressFlaws(scope, segment, row);
};

/** Whether a segment's addresses, or what is done with them, are others now. */
const isOtherwise = (before: ObjectOf<"Segment">, after: ObjectOf<"Segment">) =>
  JSON.stringify(before.subnets) !== JSON.stringify(after.subnets);

function* addressFlaws(
  scope: Scope,
  segmentPath: string,
  [path, { ip_address: value }]: readonly [string, Binding],
): Generator<Finding> {
  const segment = scope.object("Segment", segmentPath);
  const subnet = segment && subnetOf(segment);
  if (!segment || !subnet) return;
  const ip = parseIpv4(value);
  const why = whyNoHost(subnet, ip) ?? (ip === serverOf(segment, subnet) ? "is the DHCP server's own" : undefined);
  const range = rangeHolding(segment, value);
  if (why !== undefined) yield { path, field: "ip_address", value, why };
  else if (range >= 0) {
    const text = segment.subnets[0]?.dhcp_ranges?.[range];
    yield { path, field: "ip_address", value, why: `lies in dhcp_ranges ${text}; fixed addresses stand outside` };
  }
}

function* rivalFlaws(
  { draft }: Scope,
  segment: string,
  [path, { ip_address, mac_address }]: readonly [string, Binding],
): Generator<Finding> {
  const sameIp = rival(draft, claim.boundIp(segment, ip_address), path);
  if (sameIp) yield { path, field: "ip_address", value: ip_address, why: `is given by ${sameIp}; take another` };
  const sameMac = rival(draft, claim.boundMac(segment, mac_address), path);
  if (sameMac) yield { path, field: "mac_address", value: mac_address, why: `is bound by ${sameMac}; change that one` };
  yield* portFlaws(draft, segment, [path, { ip_address, mac_address }]);
}

type Bound = Pick<Binding, "ip_address" | "mac_address">;

/** A port can send from its own address alone, and from that nobody else. */
function* portFlaws(
  draft: Scope["draft"],
  segment: string,
  [path, { ip_address: ip, mac_address: mac }]: readonly [string, Bound],
): Generator<Finding> {
  const portOf = (found: string | undefined) =>
    found === undefined ? undefined : (draft.get(found) as ObjectOf<"SegmentPort">).address_bindings[0];
  const owner = rival(draft, claim.portIp(segment, ip), path);
  if (owner && portOf(owner)?.mac_address.toLowerCase() !== mac.toLowerCase())
    yield { path, field: "ip_address", value: ip, why: `is the address of ${owner}; take another` };
  const port = rival(draft, claim.portMac(segment, mac), path);
  const own = portOf(port)?.ip_address;
  if (port && own !== undefined && own !== ip)
    yield { path, field: "ip_address", value: ip, why: `is not ${own}, the address of ${port}; give that one` };
}
