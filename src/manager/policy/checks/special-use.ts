import { parsePrefix } from "../../../net/prefix.ts";
import { instead, whyNoDestination, whyUnusable } from "../../../net/special-use.ts";
import type { ObjectOf } from "../kinds.ts";
import type { Check, Finding } from "./check.ts";

/** Addresses are such as gateways can use. What a segment's may be and what NAT translates to is said with those. */
export const specialUses: Check = function* (scope) {
  for (const [path, tier0] of scope.present("Tier0")) yield* named(path, underlayOf(tier0));
  for (const [path, route] of scope.present("StaticRoutes")) yield* named(path, routeOf(route));
  for (const [path, elastic] of scope.present("ElasticIp")) yield* named(path, elasticOf(elastic));
  for (const [path, { tep_address }] of scope.present("VirtualMachine"))
    yield* named(path, [host("tep_address", tep_address, instead.tep)]);
};

interface Looked {
  readonly field: string;
  readonly value: string | undefined;
  readonly why: string | undefined;
}

function* named(path: string, all: readonly Looked[]): Generator<Finding> {
  for (const { field, value, why } of all) if (why !== undefined) yield { path, field, value, why };
}

const host = (field: string, value: string | undefined, remedy: string): Looked => ({
  ...{ field, value },
  why: value === undefined ? undefined : whyUnusable(parsePrefix(value), remedy),
});

const destination = (field: string, value: string): Looked => ({
  ...{ field, value },
  why: whyNoDestination(parsePrefix(value)),
});

const underlayOf = ({ underlay = [] }: ObjectOf<"Tier0">): Looked[] =>
  underlay.flatMap(({ network, next_hop }, i) => [
    destination(`underlay[${i}].network`, network),
    host(`underlay[${i}].next_hop`, next_hop, instead.nextHop),
  ]);

const routeOf = ({ network, next_hops = [] }: ObjectOf<"StaticRoutes">): Looked[] => [
  destination("network", network),
  ...next_hops.map(({ ip_address }, i) => host(`next_hops[${i}].ip_address`, ip_address, instead.nextHop)),
];

const elasticOf = ({ address, secondaries }: ObjectOf<"ElasticIp">): Looked[] => [
  host("address", address, instead.elastic),
  ...Object.entries(secondaries).map(([unit, value]) => host(`secondaries.${unit}`, value, instead.secondary)),
];
