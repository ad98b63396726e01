import type { KernelObject } from "../model/kernel-object.ts";
import { formatIpv4, Ipv4 } from "../net/ipv4.ts";
import { macOfBytes } from "../net/mac.ts";
import type { HostInterface } from "./kernel.ts";
import type { OwnedLinks } from "./own-unit.ts";
import type { Address, Link, Neighbour, Route, Rule } from "./rtnetlink.edge.ts";

/** Marks routes and rules as this gateway's own (rtm_protocol, FRA_PROTOCOL): a number the kernel and others leave free. */
export const OWN_PROTOCOL = 99;

/** GRO_LEGACY_MAX_SIZE, include/linux/netdevice.h: what an interface has when nobody changed it. */
export const GRO_DEFAULT_BYTES = 65_536;

/** One dump of everything rtnetlink knows that can be ours. */
export interface Dump {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly Neighbour[];
  readonly groLimits: ReadonlyMap<number, number>;
}

const ip = (bytes: Uint8Array | undefined) =>
  bytes?.length === 4 ? formatIpv4(Ipv4(Buffer.from(bytes).readUInt32BE(0))) : undefined;

const OVERLAY_LINKS = /^overlay\d+$/;

/** What of the dump is ours: overlay links and all on them, and routes and rules with our protocol number. */
export function rtObjects(
  { links, addresses, routes, rules, neighbours, groLimits }: Dump,
  own: OwnedLinks,
): KernelObject[] {
  const names = new Map(links.map((l) => [l.data.index ?? 0, l.attrs.ifname ?? ""]));
  const onOverlay = (index: number | undefined) => OVERLAY_LINKS.test(names.get(index ?? 0) ?? "");
  return [
    ...links.filter((l) => onOverlay(l.data.index)).flatMap((l) => vethPair(l, names)),
    ...[...groLimits].flatMap(([index, bytes]): KernelObject[] => {
      const link = names.get(index) ?? "";
      const limited = (link === own.uplink || link === own.downlink) && bytes !== GRO_DEFAULT_BYTES;
      return limited ? [{ kind: "gro-limit", link, bytes }] : [];
    }),
    ...addresses
      .filter((a) => onOverlay(a.data.index))
      .map((a): KernelObject => {
        const link = names.get(a.data.index ?? 0) ?? "";
        return { kind: "address", link, address: `${ip(a.attrs.local)}/${a.data.prefixlen}` };
      }),
    ...neighbours
      .filter((n) => onOverlay(n.data.ifindex) && n.data.state?.permanent && n.attrs.lladdr?.length === 6)
      .map((n): KernelObject => {
        const link = names.get(n.data.ifindex ?? 0) ?? "";
        return {
          kind: "neighbour",
          link,
          address: ip(n.attrs.dst) ?? "",
          mac: macOfBytes(n.attrs.lladdr ?? new Uint8Array()),
        };
      }),
    ...routes.filter((r) => Number(r.data.protocol) === OWN_PROTOCOL).map((r) => route(r, names)),
    ...rules.filter((r) => r.attrs.protocol === OWN_PROTOCOL).map(rule),
  ];
}

function vethPair(l: Link, names: ReadonlyMap<number, string>): KernelObject[] {
  const peer =
    names.get(Buffer.from((l.attrs.link as unknown as Uint8Array | undefined) ?? Buffer.alloc(4)).readUInt32LE(0)) ??
    "";
  if (!l.data.flags?.up) return [];
  return [
    {
      kind: "veth-pair",
      name: l.attrs.ifname ?? "",
      peer,
      mac: macOfBytes(l.attrs.address ?? new Uint8Array()),
      mtu: l.attrs.mtu ?? 0,
    },
  ];
}

function route(r: Route, names: ReadonlyMap<number, string>): KernelObject {
  const via = ip(r.attrs.gateway);
  const source = ip(r.attrs.prefsrc);
  const mtu = r.attrs.metrics?.mtu;
  return {
    kind: "route",
    table: r.attrs.table ?? 0,
    prefix: `${ip(r.attrs.dst) ?? "0.0.0.0"}/${r.data.dstLen ?? 0}`,
    link: names.get(r.attrs.oif ?? 0) ?? "",
    ...(via === undefined ? {} : { via }),
    ...(source === undefined ? {} : { source }),
    ...(mtu === undefined ? {} : { mtu: Buffer.from(mtu).readUInt32LE(0) }),
  };
}

function rule(r: Rule): KernelObject {
  const from = ip(r.attrs.src);
  return {
    kind: "rule",
    priority: r.attrs.priority ?? 0,
    table: r.attrs.table ?? 0,
    ...(r.attrs.iifname === undefined ? {} : { link: r.attrs.iifname }),
    ...(from === undefined ? {} : { from: `${from}/${r.data.srcLen}` }),
    ...(r.attrs.fwmark === undefined ? {} : { mark: r.attrs.fwmark }),
  };
}

/** Every interface of the namespace, with its addresses and what passed it. */
export const hostInterfaces = (links: readonly Link[], addresses: readonly Address[]): HostInterface[] =>
  links.map((l) => ({
    name: l.attrs.ifname ?? "",
    index: l.data.index ?? 0,
    mac: l.attrs.address?.length === 6 ? macOfBytes(l.attrs.address) : "00:00:00:00:00:00",
    mtu: l.attrs.mtu ?? 0,
    up: l.data.flags?.up ?? false,
    addresses: addresses
      .filter((a) => a.data.index === l.data.index)
      .map((a) => `${ip(a.attrs.local)}/${a.data.prefixlen}`),
    rxPackets: Number(l.attrs.stats64?.rxPackets ?? 0),
    txPackets: Number(l.attrs.stats64?.txPackets ?? 0),
    rxBytes: Number(l.attrs.stats64?.rxBytes ?? 0),
    txBytes: Number(l.attrs.stats64?.txBytes ?? 0),
  }));
