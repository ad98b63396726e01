import { messageOf } from "../base/error.ts";
import type { DhcpOptions, DhcpServer } from "../model/dhcp.ts";
import type { Flaw } from "../model/flaw.ts";
import type { Segment } from "../model/topology.ts";
import { formatIpv4, type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import {
  type AddressRange,
  broadcastOf,
  contains,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
} from "../net/prefix.ts";
import { keyOfBinding, leaseTimes } from "./scope.ts";
import { codesOf, encodeField, namedOptions } from "./scope-options.ts";

/** What the rules look at, read once. */
interface Subject {
  readonly config: DhcpServer;
  readonly subnet: Prefix;
  readonly gateway: Ipv4;
  readonly server: Ipv4;
  readonly ranges: readonly AddressRange[];
}

type Rule = (subject: Subject) => Flaw[];

const MAX_RANGE = 65_536;
const MAX_PREFIX_LENGTH = 30;

/** Codes the protocol itself fills in. */
const REFUSED_CODES = new Set([50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 82]);

/** All flaws of a server that its schema has already accepted, on the segment it serves. */
export function checkDhcpServer(config: DhcpServer, segment: Segment): Flaw[] {
  const gateway = parseInterfaceAddress(segment.gateway);
  const subject: Subject = {
    config,
    subnet: networkOf(gateway),
    gateway: gateway.address,
    server: config.address === undefined ? gateway.address : parseIpv4(config.address),
    ranges: config.ranges.map(({ first, last }) => ({ first: parseIpv4(first), last: parseIpv4(last) })),
  };
  return rules.flatMap((rule) => rule(subject));
}

const serverAddress: Rule = ({ config, subnet, server }) => {
  const field = config.address === undefined ? "segment" : "address";
  const value = config.address ?? config.segment;
  if (subnet.length > MAX_PREFIX_LENGTH)
    return [{ field, value, why: `the segment's prefix is /${subnet.length}; a DHCP server needs /30 or wider` }];
  return isHost(subnet, server) ? [] : [{ field, value, why: "is no host address of the segment" }];
};

const isHost = (subnet: Prefix, ip: Ipv4) =>
  contains(subnet, ip) && ip !== subnet.address && ip !== broadcastOf(subnet);

const within = ({ first, last }: AddressRange, ip: Ipv4) => ip >= first && ip <= last;

const rangeEnds: Rule = ({ config, subnet, ranges }) =>
  ranges.flatMap(({ first, last }, i) => {
    const flaw = (end: "first" | "last", why: string): Flaw => ({
      field: `ranges[${i}].${end}`,
      value: config.ranges[i]?.[end],
      why,
    });
    const outside = [
      ...(contains(subnet, first) ? [] : [flaw("first", "is outside the segment's subnet")]),
      ...(contains(subnet, last) ? [] : [flaw("last", "is outside the segment's subnet")]),
    ];
    if (first > last) return [...outside, flaw("last", "comes before first")];
    return last - first >= MAX_RANGE ? [...outside, flaw("last", `makes more than ${MAX_RANGE} addresses`)] : outside;
  });

const rangeContents: Rule = ({ config, subnet, gateway, server, ranges }) => {
  const reserved = new Map([
    [broadcastOf(subnet), "the segment's broadcast address"],
    [subnet.address, "the segment's network address"],
    [server, "the server's own address"],
    [gateway, "the segment's gateway"],
  ]);
  return ranges.flatMap((range, i) =>
    [...reserved]
      .filter(([ip]) => within(range, ip))
      .map(([ip, what]) => ({
        field: `ranges[${i}]`,
        value: config.ranges[i],
        why: `contains ${formatIpv4(ip)}, ${what}`,
      })),
  );
};

const rangeOverlaps: Rule = ({ config, ranges }) =>
  ranges.flatMap((range, i) =>
    ranges
      .slice(0, i)
      .flatMap((other, j) =>
        range.first <= other.last && other.first <= range.last
          ? [{ field: `ranges[${i}]`, value: config.ranges[i], why: `overlaps ranges[${j}]` }]
          : [],
      ),
  );

const bindingAddresses: Rule = ({ config, subnet, gateway, server, ranges }) =>
  (config.bindings ?? []).flatMap(({ ip: value }, i) => {
    const ip = parseIpv4(value);
    const flaw = (why: string): Flaw[] => [{ field: `bindings[${i}].ip`, value, why }];
    if (!isHost(subnet, ip)) return flaw("is no host address of the segment");
    if (ip === gateway || ip === server) return flaw("is the gateway's or the server's own address");
    const inside = ranges.findIndex((range) => within(range, ip));
    return inside < 0 ? [] : flaw(`lies in ranges[${inside}]; fixed addresses stand outside the ranges`);
  });

const bindingNames: Rule = ({ config: { bindings = [] } }) => {
  const ips = new Map<string, number>();
  const names = new Map<string, number>();
  return bindings.flatMap((binding, i) => {
    const { ip, mac, clientId } = binding;
    if (mac === undefined && clientId === undefined)
      return [{ field: `bindings[${i}]`, value: binding, why: "needs mac, clientId, or both" }];
    return [
      ...duplicate(ips, ip, i, { field: `bindings[${i}].ip`, value: ip, why: "has the address of" }),
      ...duplicate(names, keyOfBinding(binding), i, {
        field: `bindings[${i}]`,
        value: { mac, clientId },
        why: "names the same client as",
      }),
    ];
  });
};

function duplicate(seen: Map<string, number>, key: string, index: number, { why, ...flaw }: Flaw): Flaw[] {
  const former = seen.get(key);
  if (former === undefined) seen.set(key, index);
  return former === undefined ? [] : [{ ...flaw, why: `${why} bindings[${former}]` }];
}

const times: Rule = ({ config }) => {
  const { leaseSeconds, renewSeconds, rebindSeconds } = leaseTimes(config);
  return [
    ...(renewSeconds < rebindSeconds
      ? []
      : [{ field: "renewSeconds", value: renewSeconds, why: `must be less than rebindSeconds, ${rebindSeconds}` }]),
    ...(rebindSeconds < leaseSeconds
      ? []
      : [{ field: "rebindSeconds", value: rebindSeconds, why: `must be less than leaseSeconds, ${leaseSeconds}` }]),
  ];
};

const allOptions: Rule = ({ config: { options, bindings = [] } }) => [
  ...(options ? optionFlaws(options, "options") : []),
  ...bindings.flatMap((binding, i) => (binding.options ? optionFlaws(binding.options, `bindings[${i}].options`) : [])),
];

function optionFlaws(options: DhcpOptions, path: string): Flaw[] {
  const unfit = namedOptions.flatMap((field): Flaw[] => {
    try {
      encodeField(options, field);
      return [];
    } catch (error) {
      return [{ field: `${path}.${field}`, value: options[field], why: messageOf(error) }];
    }
  });
  return unfit.length > 0 ? unfit : rawFlaws(options, path);
}

function rawFlaws(options: DhcpOptions, path: string): Flaw[] {
  const said = new Map<number, string>(
    namedOptions.flatMap((field) => codesOf(options, field).map((code) => [code, field] as const)),
  );
  return (options.raw ?? []).flatMap(({ code }, i): Flaw[] => {
    const flaw = (why: string): Flaw[] => [{ field: `${path}.raw[${i}].code`, value: code, why }];
    if (REFUSED_CODES.has(code)) return flaw("is the protocol's own");
    const other = said.get(code);
    said.set(code, `raw[${i}]`);
    return other === undefined ? [] : flaw(`says again what ${other} says`);
  });
}

const rules: readonly Rule[] = [
  serverAddress,
  rangeEnds,
  rangeContents,
  rangeOverlaps,
  bindingAddresses,
  bindingNames,
  times,
  allOptions,
];
