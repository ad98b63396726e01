import type { Position } from "../../src/lcp/position.ts";
import { idOf, type Resource, ResourceId, type ResourceType } from "../../src/lcp/resource.ts";
import type { References } from "../../src/lcp/span.ts";

export class Broken extends Error {}

/** @throws Broken, with what is wrong */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** What the simulated resources say: to what they refer, and something that changes. */
export interface Body {
  readonly value: number;
  readonly segment?: number;
  readonly tep?: number;
  readonly group?: number;
  readonly policies?: readonly number[];
  readonly agent?: string;
  readonly poison?: boolean;
}

export const GATEWAYS = ["pcg-a", "pcg-b"] as const;
const GATEWAY = ResourceId("gateway", "g");

const bodyOf = (resource: Resource) => resource.body as Body;
const some = (type: ResourceType, n: number | undefined) => (n === undefined ? [] : [ResourceId(type, `${n}`)]);

/**
 * A segment is a gateway's; a port or rule a segment's, a member a group's; ports need their tunnel endpoint, rules and
 * policies their group. A guard is its agent's and the gateways', and leads to policies.
 */
export const references: References = {
  needs: (r) => (r.type === "member" ? [] : [...some("tep", bodyOf(r).tep), ...some("group", bodyOf(r).group)]),
  partOf: (r) => {
    if (r.type === "member") return some("group", bodyOf(r).group);
    return r.type === "segment" ? [GATEWAY] : some("segment", bodyOf(r).segment);
  },
  homes: (r) => {
    if (r.type === "gateway") return GATEWAYS;
    const { agent } = bodyOf(r);
    if (r.type === "guard") return agent === undefined ? GATEWAYS : [agent, ...GATEWAYS];
    return agent === undefined ? [] : [agent];
  },
  leads: (r) => (bodyOf(r).policies ?? []).map((n) => ResourceId("policy", `${n}`)),
};

export const judge = (resource: Resource): string | undefined => (bodyOf(resource).poison ? "poison" : undefined);

export type Table = ReadonlyMap<ResourceId, Resource>;

/** What a node should hold of the controller's table. An agent hears only what its gateway does. */
export const shareOf = (node: string, table: Table): Table =>
  (GATEWAYS as readonly string[]).includes(node)
    ? concernOf(node, table)
    : concernOf(node, concernOf(GATEWAYS[0], table));

/** What concerns a node: the same again, without any index, by going round until nothing is added. */
export function concernOf(node: string, table: Table): Map<ResourceId, Resource> {
  const all = [...table.values()];
  const ids = new Set(all.filter((r) => references.homes(r).includes(node)).flatMap(beginnings));
  const isPart = (r: Resource) => references.partOf(r).some((whole) => ids.has(whole) && table.has(whole));
  for (let size = -1; size !== ids.size; ) {
    size = ids.size;
    for (const r of all.filter(isPart)) ids.add(idOf(r));
    for (const r of all.filter((one) => ids.has(idOf(one)))) for (const id of references.needs(r)) ids.add(id);
  }
  return new Map(all.filter((r) => ids.has(idOf(r))).map((r) => [idOf(r), r]));
}

const beginnings = (own: Resource) => [
  ...(references.partOf(own).length > 0 ? references.partOf(own) : [idOf(own)]),
  ...references.leads(own),
];

/** All that was ever true, by where its source was. */
export type History = Map<Position, Table>;
