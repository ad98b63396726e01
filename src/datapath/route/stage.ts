import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject, ObjectOf } from "../../model/kernel-object.ts";
import { ownedSysctls } from "../../model/sysctl-table.ts";
import type { Unit, UnitInterface } from "../../model/unit.ts";
import { formatIpv4 } from "../../net/ipv4.ts";
import {
  contains,
  formatPrefix,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
} from "../../net/prefix.ts";
import { overlayMtu, segmentMtu, uplinkMtu } from "../mtu.ts";
import { OVERLAY, OVERLAY_NEXT_HOP, REFUSAL_MARK, tables } from "../names.ts";
import type { Stage } from "../stage.ts";

export const route: Stage = {
  name: "route",
  does: "sends overlay prefixes to overlay0, the rest of the overlay's traffic out of the right interface",
  objects: (want, unit) => [
    ...overlayRoutes(want, unit, tables.overlay),
    // Again for traffic that passes, so that one table answers for all of it.
    ...overlayRoutes(want, unit, tables.edge),
    ...edgeRoutes(want, unit),
    ...ownRoutes(unit),
    ...rules(want, unit),
    ...sysctls(unit),
  ],
};

/** For everyone, the gateway's own answers included: where overlay addresses are. */
const overlayRoutes = (want: DesiredState, unit: Unit, table: number): KernelObject[] =>
  want.segments.map((segment) => {
    const gateway = parseInterfaceAddress(segment.gateway);
    const mtu = segmentMtu(segment, unit);
    return {
      kind: "route",
      table,
      prefix: formatPrefix(networkOf(gateway)),
      link: OVERLAY,
      via: OVERLAY_NEXT_HOP,
      source: formatIpv4(gateway.address),
      ...(mtu === overlayMtu(unit) ? {} : { mtu }),
    };
  });

/** For traffic that passes through. */
function edgeRoutes(want: DesiredState, unit: Unit): KernelObject[] {
  const { uplinkRoutes, staticRoutes = [], underlay = [] } = want.tier0;
  const routes = [...underlay.map((u) => ({ ...u, interface: "downlink" as const })), ...uplinkRoutes, ...staticRoutes];
  const byPrefix = new Map(routes.map((r) => [r.prefix, r]));
  return [
    ...onLink(want, unit),
    ...[...byPrefix.values()].map((r): KernelObject => {
      const out = unit[r.interface ?? "uplink"];
      return {
        kind: "route",
        table: tables.edge,
        prefix: r.prefix.includes("/") ? r.prefix : `${r.prefix}/32`,
        link: out.name,
        via: r.via ?? formatIpv4(out.gateway),
        ...(out === unit.uplink ? { mtu: uplinkMtu(unit) } : {}),
      };
    }),
  ];
}

/** Neighbours on the downlink are reached without the VPC router. */
function onLink(want: DesiredState, { downlink }: Unit): KernelObject[] {
  const subnet = networkOf(downlink.address);
  const joined = (want.tier0.underlay ?? []).some((u) => contains(parsePrefix(u.prefix), subnet.address));
  return joined ? [{ kind: "route", table: tables.edge, prefix: formatPrefix(subnet), link: downlink.name }] : [];
}

/** For what the gateway sends from its own address on each interface, tunnel packets included: out of the same one. */
const ownRoutes = (unit: Unit): KernelObject[] =>
  (["uplink", "downlink", "management"] as const).flatMap((role): KernelObject[] => {
    const { name: link, address, gateway } = unit[role];
    return [
      { kind: "route", table: tables[role], prefix: formatPrefix(networkOf(address)), link },
      { kind: "route", table: tables[role], prefix: "0.0.0.0/0", link, via: formatIpv4(gateway) },
    ];
  });

function rules(want: DesiredState, unit: Unit): KernelObject[] {
  const passing = [OVERLAY, unit.uplink.name, unit.downlink.name];
  const from = ({ address }: UnitInterface) => `${formatIpv4(address.address)}/32`;
  const all: Omit<ObjectOf<"rule">, "kind" | "priority">[] = [
    ...passing.map((link) => ({ table: tables.edge, link })),
    { table: tables.uplink, from: from(unit.uplink) },
    { table: tables.downlink, from: from(unit.downlink) },
    { table: tables.management, from: from(unit.management) },
    // Answers of the gateway's to VMs, by the address or the mark they have: nothing else that the machine sends asks it.
    ...(want.segments.length > 0 ? [{ table: tables.overlay, mark: REFUSAL_MARK }] : []),
  ];
  const sources = overlaySources(want, unit);
  return [
    ...all.map((rule, n) => ({ kind: "rule" as const, priority: FIRST_PRIORITY + n, ...rule })),
    ...sources.map(({ from, place }) => ({
      kind: "rule" as const,
      priority: SOURCES_PRIORITY + place,
      table: tables.overlay,
      from,
    })),
  ];
}

const FIRST_PRIORITY = 10_000;
/** Sources of the overlay come after all others. */
const SOURCES_PRIORITY = FIRST_PRIORITY + 10;

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(parsePrefix);

/**
 * Few networks that hold all gateways' addresses and none of the unit's own: each is one rule that routing walks through.
 * A private block's place is its own, so that its rule stays where it is when others come and go.
 */
function overlaySources(
  want: DesiredState,
  { uplink, downlink, management }: Unit,
): { readonly from: string; readonly place: number }[] {
  const own = [uplink, downlink, management].map((i) => i.address.address);
  const sources = want.segments.map((s) => {
    const network = networkOf(parseInterfaceAddress(s.gateway));
    const wider = [...PRIVATE, networkOf({ address: network.address, length: Math.min(16, network.length) })];
    const free = (p: Prefix) =>
      p.length <= network.length && contains(p, network.address) && !own.some((a) => contains(p, a));
    return formatPrefix(wider.find(free) ?? network);
  });
  const blocks = PRIVATE.map(formatPrefix);
  const all = [...new Set(sources)].toSorted();
  return [
    ...all.filter((from) => blocks.includes(from)).map((from) => ({ from, place: blocks.indexOf(from) })),
    ...all.filter((from) => !blocks.includes(from)).map((from, n) => ({ from, place: blocks.length + n })),
  ];
}

const sysctls = ({ uplink, downlink }: Unit): KernelObject[] =>
  ownedSysctls({ uplink: uplink.name, downlink: downlink.name, overlay: OVERLAY });
