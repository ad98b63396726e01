import type { DesiredState } from "./desired.ts";
import type { FirewallRule, FirewallSection } from "./firewall.ts";
import type { RuntimeBody, RuntimePiece, RuntimeType } from "./runtime.ts";

/** Every piece by its name among its kind. */
export type RuntimePieces = ReadonlyMap<string, RuntimePiece>;

/**
 * The desired state that the pieces make together. Policies and guards are the agents' concern and no part of it. The same pieces make the same, in whatever order they
 * came.
 */
export function desiredOf(pieces: RuntimePieces, generation: number): DesiredState {
  const named = [...pieces].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const all = <T extends RuntimeType>(type: T): RuntimeBody<T>[] =>
    named.flatMap(([, piece]) => (piece.type === type ? [piece.body as RuntimeBody<T>] : []));
  const bindings = Map.groupBy(all("binding"), ({ segment }) => segment);
  const routes = Map.groupBy(all("route"), ({ list }) => list);
  const routesOf = (list: "uplink" | "static") => (routes.get(list) ?? []).map(({ list: _, ...route }) => route);
  const [gateway = {}] = all("gateway");
  return {
    generation,
    segments: all("segment"),
    teps: all("tep"),
    endpoints: all("port").map(({ name: _name, node: _node, ...endpoint }) => endpoint),
    tier0: {
      uplinkRoutes: routesOf("uplink"),
      staticRoutes: routesOf("static"),
      underlay: all("underlay"),
      ...(gateway.mssClamp !== undefined && { mssClamp: gateway.mssClamp }),
    },
    elasticIps: all("eip"),
    ...(gateway.pat && { pat: gateway.pat }),
    nat: all("nat"),
    firewall: sections(all("rule"), groupsOf(named)),
    dhcp: all("dhcp").map((server) => ({
      ...server,
      bindings: (bindings.get(server.segment) ?? []).map(({ segment: _, ...binding }) => binding),
    })),
  };
}

/** The lists of a desired state, each with the kind whose pieces make it, in order of their names. */
const lists: Readonly<Record<string, (piece: RuntimePiece) => boolean>> = {
  segments: ({ type }) => type === "segment",
  teps: ({ type }) => type === "tep",
  endpoints: ({ type }) => type === "port",
  "tier0.uplinkRoutes": ({ type, body }) => type === "route" && body.list === "uplink",
  "tier0.staticRoutes": ({ type, body }) => type === "route" && body.list === "static",
  "tier0.underlay": ({ type }) => type === "underlay",
  elasticIps: ({ type }) => type === "eip",
  nat: ({ type }) => type === "nat",
  dhcp: ({ type }) => type === "dhcp",
};

/** The piece that a field of their desired state comes from, such as `endpoints[3].ip`; undefined: not one alone. */
export function pieceBehind(field: string, pieces: RuntimePieces): string | undefined {
  const named = [...pieces].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (field.startsWith("pat.")) return named.find(([, { type }]) => type === "gateway")?.[0];
  const [, list = "", index, inner = ""] = /^([a-z0-9.]+)\[(\d+)\](.*)$/i.exec(field) ?? [];
  if (list === "firewall") return ruleBehind(Number(index), inner, named);
  const its = lists[list] && named.filter(([, piece]) => lists[list]?.(piece));
  const [name, piece] = its?.[Number(index)] ?? [];
  const [, binding] = /^\.bindings\[(\d+)\]/.exec(inner) ?? [];
  if (binding === undefined || piece?.type !== "dhcp") return name;
  const { segment } = piece.body;
  return named.filter(([, one]) => one.type === "binding" && one.body.segment === segment)[Number(binding)]?.[0];
}

function ruleBehind(section: number, inner: string, named: readonly Named[]): string | undefined {
  const all = named.flatMap(([, { type, body }]) => (type === "rule" ? [body] : []));
  const [, rule] = /^\.rules\[(\d+)\]/.exec(inner) ?? [];
  const found = sections(all, groupsOf(named))[section];
  const id = found?.rules[Number(rule)]?.id;
  return named.find(([, { type, body }]) => type === "rule" && body.section === found?.id && body.id === id)?.[0];
}

type Named = readonly [string, RuntimePiece];

type Groups = ReadonlyMap<string, readonly string[]>;

/** Each with its own addresses and those of its members. */
function groupsOf(named: readonly Named[]): Groups {
  const members = Map.groupBy(
    named.flatMap(([, { type, body }]) => (type === "member" ? [body] : [])),
    ({ group }) => group,
  );
  const its = (group: string) => (members.get(group) ?? []).flatMap(({ addresses }) => addresses);
  return new Map(
    named.flatMap(([name, { type, body }]) =>
      type === "group" ? [[keyOf(name), [...body.addresses, ...its(keyOf(name))]] as const] : [],
    ),
  );
}

const keyOf = (name: string) => name.slice(name.indexOf("/") + 1);

function sections(rules: readonly RuntimeBody<"rule">[], groups: Groups): FirewallSection[] {
  const ordered = rules.toSorted((a, b) => byOrder(a.order, b.order));
  const bySection = Map.groupBy(ordered, ({ section }) => section);
  return [...bySection].map(([section, its]) => ({
    id: section,
    rules: its.flatMap((rule) => expanded(rule, groups)),
  }));
}

const byOrder = ([a = 0, b = 0]: readonly number[], [c = 0, d = 0]: readonly number[]) => a - c || b - d;

/** With its groups' members in place of them. A rule for groups that are all empty is for nobody, not for everybody. */
function expanded(
  { section: _section, order: _order, sourceGroups, destinationGroups, ...rule }: RuntimeBody<"rule">,
  groups: Groups,
): FirewallRule[] {
  const sources = members(rule.sources, sourceGroups, groups);
  const destinations = members(rule.destinations, destinationGroups, groups);
  if (sources?.length === 0 || destinations?.length === 0) return [];
  return [{ ...rule, ...(sources && { sources }), ...(destinations && { destinations }) }];
}

/** Undefined: any. */
function members(
  prefixes: readonly string[] | undefined,
  names: readonly string[] | undefined,
  groups: Groups,
): string[] | undefined {
  if (!names || names.length === 0) return prefixes && [...prefixes];
  return [...new Set([...(prefixes ?? []), ...names.flatMap((name) => groups.get(name) ?? [])])];
}
