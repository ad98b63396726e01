import type { DesiredState } from "../../model/desired.ts";
import type { FirewallRule, Service } from "../../model/firewall.ts";
import type { Unit } from "../../model/unit.ts";
import { type Ipv4, parseIpv4 } from "../../net/ipv4.ts";
import { parsePortRange } from "../../net/port-range.ts";
import { contains, networkOf, type Prefix, parseInterfaceAddress, parsePrefix } from "../../net/prefix.ts";

/** The first packet of a connection as the firewall sees it: after DNAT, before SNAT. Of ICMP, `type` is set. */
interface Opening {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly sport: number;
  readonly dport: number;
  readonly type: number;
}

type Test = (o: Opening) => boolean;

const numbers = { icmp: 1, tcp: 6, udp: 17 } as const;
const LINK_LOCAL = parsePrefix("169.254.0.0/16");

/**
 * Whether the firewall lets a connection begin, or lets it go on as a rule with `persistEstablished` is for it: what
 * stage.ts has the kernel do with its first packet, told of one that is long gone. `open()` there is the order.
 */
export function mayGoOn(want: DesiredState, unit: Unit): Test {
  const inSegment = within(want.segments.map((s) => networkOf(parseInterfaceAddress(s.gateway))));
  const never = neverAllowed(unit);
  const rules = (want.firewall ?? []).flatMap((s) => s.rules).filter((r) => r.enabled !== false);
  const compiled = rules.map((rule) => ({ rule, fits: compile(rule, inSegment) }));
  const persists = compiled.filter(({ rule }) => rule.persistEstablished);
  const otherwise = allowedByDefault(want, inSegment);
  return (o) => {
    if (never(o)) return false;
    const decides = compiled.find(({ fits }) => fits(o));
    if (decides ? decides.rule.action === "ALLOW" : otherwise(o)) return true;
    return persists.some(({ fits }) => fits(o));
  };
}

/** What no rule can allow. */
function neverAllowed({ management }: Unit): Test {
  const managed = networkOf(management.address);
  return ({ source, destination }) =>
    contains(managed, source) || contains(managed, destination) || contains(LINK_LOCAL, destination);
}

function compile(rule: FirewallRule, inSegment: (a: Ipv4) => boolean): Test {
  const tests: Test[] = [];
  if (rule.direction === "IN") tests.push((o) => inSegment(o.destination));
  if (rule.direction === "OUT") tests.push((o) => inSegment(o.source));
  const { sources = [], destinations = [], services = [] } = rule;
  const [from, to] = [within(sources.map(parsePrefix)), within(destinations.map(parsePrefix))];
  if (sources.length > 0) tests.push((o) => from(o.source));
  if (destinations.length > 0) tests.push((o) => to(o.destination));
  const any = services.map(compileService);
  if (any.length > 0) tests.push((o) => any.some((fits) => fits(o)));
  return (o) => tests.every((fits) => fits(o));
}

function compileService({ protocol, sourcePorts, destinationPorts, icmpType }: Service): Test {
  const [from, to] = [portsIn(sourcePorts), portsIn(destinationPorts)];
  const number = numbers[protocol];
  return (o) =>
    o.protocol === number &&
    (protocol === "icmp" ? icmpType === undefined || o.type === icmpType : from(o.sport) && to(o.dport));
}

function portsIn(text: string | undefined): (port: number) => boolean {
  if (text === undefined) return () => true;
  const { first, last } = parsePortRange(text);
  return (port) => port >= first && port <= last;
}

/** What is let through that no rule speaks of: out of the overlay, and between it and routed VPC prefixes. */
function allowedByDefault({ tier0 }: DesiredState, inSegment: (a: Ipv4) => boolean): Test {
  const underlay = tier0.underlay ?? [];
  const joined = within(underlay.map((u) => parsePrefix(u.prefix)));
  const routed = within(underlay.filter((u) => u.mode === "routed").map((u) => parsePrefix(u.prefix)));
  const routes = [...underlay.map((u) => ({ ...u, interface: "downlink" })), ...tier0.uplinkRoutes]
    .concat(tier0.staticRoutes ?? [])
    .map((r) => ({ prefix: parsePrefix(r.prefix), out: r.interface ?? "uplink" }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const byDownlink = (a: Ipv4) => routes.find((r) => contains(r.prefix, a))?.out === "downlink";
  return ({ source, destination }) => {
    if (!inSegment(source)) return inSegment(destination) && routed(source);
    return inSegment(destination) || !byDownlink(destination) || joined(destination);
  };
}

/** Whether an address is in one of the networks: one look-up for each length of prefix that occurs. */
export function within(prefixes: readonly Prefix[]): (a: Ipv4) => boolean {
  const byLength = Map.groupBy(prefixes, (p) => p.length);
  const lengths = [...byLength].map(([length, its]) => ({ length, networks: new Set(its.map((p) => p.address)) }));
  return (address) => lengths.some(({ length, networks }) => networks.has(networkOf({ address, length }).address));
}

/** The addresses that segment ports have. */
export const portAddresses = (want: DesiredState): ReadonlySet<Ipv4> =>
  new Set(want.endpoints.flatMap((e) => (e.ip === undefined ? [] : [parseIpv4(e.ip)])));
