import { overlaps, type Prefix, parsePrefix } from "../../../net/prefix.ts";
import { segmentsMeeting } from "../claims.ts";
import { type ObjectOf, parentOf } from "../kinds.ts";
import type { Check, Finding, Scope } from "./check.ts";
import { isMoved, subnetOf } from "./subnet.ts";

/** An address range that a Tier-0 says is elsewhere than on its segments. */
interface Outside {
  readonly path: string;
  readonly field: string;
  readonly value: string;
  readonly prefix: Prefix;
}

const whyHidden = (segment: string) =>
  `overlaps the network of ${segment}, and what is elsewhere cannot be on a segment; take another`;

/** Routes, joined VPC networks and Elastic IPs lie outside the segments of their Tier-0. */
export const routes: Check = function* (scope) {
  const fresh = [
    ...scope.present("Tier0").map(([path, tier0]) => [path, underlayOf(path, tier0)] as const),
    ...scope.present("StaticRoutes").map(([path, route]) => [parentOf(path) ?? "", routeOf(path, route)] as const),
    ...scope.present("ElasticIp").map(([path, elastic]) => [parentOf(path) ?? "", elasticOf(path, elastic)] as const),
  ];
  for (const [tier0, all] of fresh)
    for (const { prefix, ...outside } of all)
      for (const segment of segmentsMeeting(scope.draft, tier0, prefix)) {
        yield { ...outside, why: whyHidden(segment) };
        break;
      }
  yield* belowSegments(scope);
};

/** The other way round: what was there already, against segments that are new or elsewhere now. */
function* belowSegments(scope: Scope): Generator<Finding> {
  const known = new Map<string, readonly Outside[]>();
  for (const { path, before, after } of scope.of("Segment")) {
    const tier0 = after?.connectivity_path;
    const subnet = after && subnetOf(after);
    if (!tier0 || !subnet || (before && !isMoved(before, after))) continue;
    const all = known.get(tier0) ?? outsideOf(scope, tier0);
    known.set(tier0, all);
    const met = all.find(({ prefix }) => overlaps(prefix, subnet.network));
    if (met) {
      const value = after.subnets[0]?.gateway_address;
      const why = `overlaps ${met.value}, which is ${met.field} of ${met.path}; take another network`;
      yield { path, field: "subnets[0].gateway_address", value, why };
    }
  }
}

const outsideOf = (scope: Scope, path: string): Outside[] => {
  const tier0 = scope.object("Tier0", path);
  return [
    ...(tier0 ? underlayOf(path, tier0) : []),
    ...scope.below("StaticRoutes", path).flatMap(([route, object]) => routeOf(route, object)),
    ...scope.below("ElasticIp", path).flatMap(([elastic, object]) => elasticOf(elastic, object)),
  ];
};

const underlayOf = (path: string, { underlay = [] }: ObjectOf<"Tier0">): Outside[] =>
  underlay.flatMap(({ network }, i) => outside(path, `underlay[${i}].network`, network));

const routeOf = (path: string, { network }: ObjectOf<"StaticRoutes">) => outside(path, "network", network);

const elasticOf = (path: string, { address }: ObjectOf<"ElasticIp">) => outside(path, "address", address);

/** A default route is wider than everything, and gives way to everything. */
function outside(path: string, field: string, value: string): Outside[] {
  const prefix = parsePrefix(value);
  return prefix.length === 0 ? [] : [{ path, field, value, prefix }];
}
