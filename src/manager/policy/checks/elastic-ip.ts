import { parseIpv4 } from "../../../net/ipv4.ts";
import { claim, segmentOf } from "../claims.ts";
import { type ObjectOf, parentOf } from "../kinds.ts";
import { type Check, type Finding, rival, type Scope } from "./check.ts";
import { isMoved, subnetOf, whyNoHost } from "./subnet.ts";

type Row = readonly [path: string, elastic: ObjectOf<"ElasticIp">];

/** A public address is one object's; what stands for it on the units, and what it stands for, are its own too. */
export const elasticIps: Check = function* (scope) {
  for (const row of scope.present("ElasticIp")) {
    yield* rivalFlaws(scope, row);
    yield* unitFlaws(row);
    yield* insideFlaws(scope, row);
  }
  for (const tier0 of tier0sThatLost(scope))
    for (const row of scope.below("ElasticIp", tier0)) yield* insideFlaws(scope, row);
};

function* rivalFlaws({ draft }: Scope, [path, { address, secondaries, overlay_ip }]: Row): Generator<Finding> {
  const tier0 = parentOf(path) ?? "";
  const same = rival(draft, claim.elastic(address), path);
  if (same) yield { path, field: "address", value: address, why: `is ${same} already; change that one` };
  for (const [unit, value] of Object.entries(secondaries)) {
    const other = rival(draft, claim.secondary(tier0, value), path);
    const why = `carries ${other} already; take another secondary address`;
    if (other) yield { path, field: `secondaries.${unit}`, value, why };
  }
  const twin = overlay_ip === undefined ? undefined : rival(draft, claim.overlay(tier0, overlay_ip), path);
  if (twin) yield { path, field: "overlay_ip", value: overlay_ip, why: `has ${twin} already; one public address each` };
}

/** An address of AWS is on one interface. */
function* unitFlaws([path, { secondaries }]: Row): Generator<Finding> {
  const units = Object.entries(secondaries);
  for (const [i, [unit, value]] of units.entries()) {
    const other = units.slice(0, i).find(([, address]) => address === value)?.[0];
    const why = `is the secondary address on unit ${other} already; each unit has its own`;
    if (other !== undefined) yield { path, field: `secondaries.${unit}`, value, why };
  }
}

function* insideFlaws(scope: Scope, [path, { overlay_ip: value }]: Row): Generator<Finding> {
  if (value === undefined) return;
  const segmentPath = segmentOf(scope.draft, parentOf(path) ?? "", value);
  const segment = segmentPath === undefined ? undefined : scope.object("Segment", segmentPath);
  const subnet = segment && subnetOf(segment);
  const why = subnet
    ? whyNoHost(subnet, parseIpv4(value))
    : "is in no segment of the Tier-0; create that first, or take an address of one";
  if (why) yield { path, field: "overlay_ip", value, why };
}

/** Those that have fewer addresses than before, or whose segments' gateways are others. */
const tier0sThatLost = (scope: Scope) =>
  new Set(
    scope.of("Segment").flatMap(({ before, after }) => {
      const tier0 = before?.connectivity_path;
      return before && tier0 !== undefined && isMoved(before, after) && scope.object("Tier0", tier0) ? [tier0] : [];
    }),
  );
