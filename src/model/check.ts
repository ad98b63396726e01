import { Compile } from "typebox/compile";
import { lazily } from "../base/lazily.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { contains, networkOf, overlaps, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { addressFlaws } from "./address-check.ts";
import { DesiredState } from "./desired.ts";
import { type Flaw, schemaFlaws } from "./flaw.ts";
import { natFlaws } from "./nat-check.ts";
import { UnitConfig } from "./unit.ts";

// Not every program that can check both does, and an emulated machine takes a second for it.
const desiredState = lazily(() => Compile(DesiredState));
const unitConfig = lazily(() => Compile(UnitConfig));

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly flaws: readonly Flaw[] };

const checked = <T>(value: T, flaws: readonly Flaw[]): Checked<T> =>
  flaws.length > 0 ? { ok: false, flaws } : { ok: true, value };

export function checkUnitConfig(document: unknown): Checked<UnitConfig> {
  if (!unitConfig().Check(document)) return { ok: false, flaws: schemaFlaws(unitConfig(), document) };
  const flaws = Object.entries(document.interfaces)
    .filter(([, i]) => i.name === undefined && i.mac === undefined)
    .map(([role]): Flaw => ({ field: `interfaces.${role}`, value: undefined, why: "give name or mac" }));
  const { agents, controller } = document;
  const unfed: Flaw[] = agents && !controller ? [{ field: "agents", value: undefined, why: "needs controller" }] : [];
  return checked(document, [...flaws, ...sharedInterfaces(document), ...unfed]);
}

/** One NIC has one role. What is named once by name and once by MAC only the machine can tell: unit-of.ts. */
function sharedInterfaces({ interfaces }: UnitConfig): Flaw[] {
  const taken = new Map<string, string>();
  return Object.entries(interfaces).flatMap(([role, { name, mac }]): Flaw[] =>
    Object.entries({ name, mac: mac?.toLowerCase() }).flatMap(([key, value]): Flaw[] => {
      if (value === undefined) return [];
      const field = `interfaces.${role}.${key}`;
      const earlier = taken.get(`${key} ${value}`);
      if (earlier === undefined) taken.set(`${key} ${value}`, field);
      return earlier === undefined
        ? []
        : [{ field, value, why: `is already ${earlier}; each role needs a NIC of its own` }];
    }),
  );
}

/** Form first; then what only the whole can tell. DHCP servers are checked by src/dhcp. */
export function checkDesired(document: unknown): Checked<DesiredState> {
  if (!desiredState().Check(document)) return { ok: false, flaws: schemaFlaws(desiredState(), document) };
  return checked(document, [
    ...duplicates(document),
    ...addressFlaws(document),
    ...segmentFlaws(document),
    ...endpointFlaws(document),
    ...elasticFlaws(document),
    ...natFlaws(document),
    ...serviceFlaws(document),
  ]);
}

/** Every list whose rows must differ in some value. */
function duplicates(want: DesiredState): Flaw[] {
  const lists: [string, readonly (readonly [field: string, value: unknown])[]][] = [
    ["segments", want.segments.map((s, i) => [`segments[${i}].id`, s.id])],
    ["vni", want.segments.map((s, i) => [`segments[${i}].vni`, s.vni])],
    ["teps", want.teps.map((t, i) => [`teps[${i}].address`, t.address])],
    ["macs", want.endpoints.map((e, i) => [`endpoints[${i}].mac`, `${e.segment} ${e.mac.toLowerCase()}`])],
    ["ips", want.endpoints.flatMap((e, i) => (e.ip === undefined ? [] : [[`endpoints[${i}].ip`, e.ip] as const]))],
    ["eips", (want.elasticIps ?? []).map((e, i) => [`elasticIps[${i}].address`, e.address])],
    [
      "inside",
      (want.elasticIps ?? []).flatMap((e, i) =>
        e.overlayIp === undefined ? [] : [[`elasticIps[${i}].overlayIp`, e.overlayIp] as const],
      ),
    ],
    ["nat", (want.nat ?? []).map((r, i) => [`nat[${i}].id`, r.id])],
    ["sections", (want.firewall ?? []).map((s, i) => [`firewall[${i}].id`, s.id])],
    [
      "rules",
      (want.firewall ?? []).flatMap((s, i) => s.rules.map((r, j) => [`firewall[${i}].rules[${j}].id`, r.id] as const)),
    ],
    ["dhcp", (want.dhcp ?? []).map((d, i) => [`dhcp[${i}].segment`, d.segment])],
    [
      "secondaries",
      (want.elasticIps ?? []).flatMap((e, i) =>
        Object.entries(e.secondary).map(([u, a]) => [`elasticIps[${i}].secondary.${u}`, a] as const),
      ),
    ],
  ];
  return lists.flatMap(([, rows]) => {
    const first = new Map<unknown, string>();
    return rows.flatMap(([field, value]): Flaw[] => {
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, field);
      return earlier === undefined ? [] : [{ field, value, why: `is already taken by ${earlier}` }];
    });
  });
}

function segmentFlaws({ segments }: DesiredState): Flaw[] {
  const networks = segments.map((s) => networkOf(parseInterfaceAddress(s.gateway)));
  return networks.flatMap((network, i): Flaw[] => {
    const field = `segments[${i}].gateway`;
    const value = segments[i]?.gateway;
    if (network.length > 30) return [{ field, value, why: "a segment's prefix is 30 bits at most" }];
    const other = networks.findIndex((n, j) => j < i && overlaps(n, network));
    return other < 0 ? [] : [{ field, value, why: `overlaps segments[${other}]` }];
  });
}

function endpointFlaws(want: DesiredState): Flaw[] {
  const segments = new Map(want.segments.map((s) => [s.id, parseInterfaceAddress(s.gateway)]));
  const teps = new Set(want.teps.map((t) => t.address));
  return want.endpoints.flatMap((e, i): Flaw[] => {
    const gateway = segments.get(e.segment);
    if (!gateway) return [{ field: `endpoints[${i}].segment`, value: e.segment, why: "no such segment" }];
    if (!teps.has(e.tep)) return [{ field: `endpoints[${i}].tep`, value: e.tep, why: "no such tep" }];
    if (e.ip === undefined) return [];
    const ip = parseIpv4(e.ip);
    if (!contains(networkOf(gateway), ip))
      return [{ field: `endpoints[${i}].ip`, value: e.ip, why: "is not in its segment" }];
    return ip === gateway.address ? [{ field: `endpoints[${i}].ip`, value: e.ip, why: "is the gateway's" }] : [];
  });
}

function elasticFlaws(want: DesiredState): Flaw[] {
  const overlay = want.segments.map((s) => networkOf(parseInterfaceAddress(s.gateway)));
  const outside = (address: string) => !overlay.some((n) => contains(n, parseIpv4(address)));
  return (want.elasticIps ?? []).flatMap((e, i): Flaw[] => {
    if (e.overlayIp !== undefined && outside(e.overlayIp))
      return [{ field: `elasticIps[${i}].overlayIp`, value: e.overlayIp, why: "is in no segment" }];
    return outside(e.address)
      ? []
      : [{ field: `elasticIps[${i}].address`, value: e.address, why: "is inside a segment" }];
  });
}

function serviceFlaws(want: DesiredState): Flaw[] {
  const rules = (want.firewall ?? []).flatMap((s, i) =>
    s.rules.map((r, j) => ({ r, at: `firewall[${i}].rules[${j}]` })),
  );
  const services = rules.flatMap(({ r, at }) =>
    (r.services ?? []).flatMap((s, k): Flaw[] => {
      const field = `${at}.services[${k}]`;
      if (s.protocol === "icmp" && (s.sourcePorts ?? s.destinationPorts) !== undefined)
        return [{ field, value: "icmp", why: "icmp has no ports" }];
      return s.protocol !== "icmp" && s.icmpType !== undefined
        ? [{ field: `${field}.icmpType`, value: s.icmpType, why: "only icmp has types" }]
        : [];
    }),
  );
  const routes = [...want.tier0.uplinkRoutes, ...(want.tier0.staticRoutes ?? []), ...(want.tier0.underlay ?? [])];
  const segments = want.segments.map((s) => networkOf(parseInterfaceAddress(s.gateway)));
  const hidden = routes
    .filter((r) => parsePrefix(r.prefix).length > 0 && segments.some((s) => overlaps(s, parsePrefix(r.prefix))))
    .map((r): Flaw => ({ field: "tier0", value: r.prefix, why: "a route overlaps a segment" }));
  return [...services, ...hidden];
}
