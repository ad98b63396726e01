import { parseIpv4 } from "../net/ipv4.ts";
import { broadcastOf, contains, networkOf, type Prefix, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { instead, whyNoDestination, whyUnusable } from "../net/special-use.ts";
import type { DesiredState } from "./desired.ts";
import type { Flaw } from "./flaw.ts";
import type { Segment } from "./topology.ts";

/** Addresses and networks that no gateway can use, whichever it is. NAT's are natFlaws' to find, DHCP's src/dhcp's. */
export function addressFlaws(want: DesiredState): Flaw[] {
  return [
    ...want.segments.flatMap((s, i) => flaw(`segments[${i}].gateway`, s.gateway, whyNoGateway(s))),
    ...want.teps.flatMap((t, i) => host(`teps[${i}].address`, t.address, instead.tep)),
    ...routeFlaws(want),
    ...elasticFlaws(want),
  ];
}

const flaw = (field: string, value: string, why: string | undefined): Flaw[] =>
  why === undefined ? [] : [{ field, value, why }];

const host = (field: string, value: string, remedy: string): Flaw[] =>
  flaw(field, value, whyUnusable(parsePrefix(value), remedy));

function whyNoGateway({ gateway }: Segment): string | undefined {
  const own = parseInterfaceAddress(gateway);
  const network = networkOf(own);
  if (network.length > 30) return undefined;
  return whyUnusable(network, instead.segment) ?? whyNoHost(network, own.address, "take one between");
}

function whyNoHost(network: Prefix, ip: number, remedy: string): string | undefined {
  if (ip === network.address) return `is the network's own address; ${remedy}`;
  return ip === broadcastOf(network) ? `is the network's broadcast address; ${remedy}` : undefined;
}

function routeFlaws({ tier0 }: DesiredState): Flaw[] {
  const lists = {
    uplinkRoutes: tier0.uplinkRoutes,
    staticRoutes: tier0.staticRoutes ?? [],
    underlay: tier0.underlay ?? [],
  };
  return Object.entries(lists).flatMap(([list, routes]) =>
    routes.flatMap(({ prefix, via }, i) => [
      ...flaw(`tier0.${list}[${i}].prefix`, prefix, whyNoDestination(parsePrefix(prefix))),
      ...(via === undefined ? [] : host(`tier0.${list}[${i}].via`, via, instead.nextHop)),
    ]),
  );
}

function elasticFlaws({ elasticIps = [], segments }: DesiredState): Flaw[] {
  const gateways = segments.map((s) => parseInterfaceAddress(s.gateway));
  return elasticIps.flatMap(({ address, secondary, overlayIp }, i) => {
    const at = `elasticIps[${i}]`;
    return [
      ...host(`${at}.address`, address, instead.elastic),
      ...Object.entries(secondary).flatMap(([unit, one]) => host(`${at}.secondary.${unit}`, one, instead.secondary)),
      ...(overlayIp === undefined ? [] : flaw(`${at}.overlayIp`, overlayIp, whyNoVm(overlayIp, gateways))),
    ];
  });
}

/** One in no segment is somebody else's finding. */
function whyNoVm(value: string, gateways: readonly ReturnType<typeof parseInterfaceAddress>[]): string | undefined {
  const ip = parseIpv4(value);
  const gateway = gateways.find((one) => contains(networkOf(one), ip));
  if (!gateway) return undefined;
  if (ip === gateway.address) return "is the segment's gateway; take a VM's";
  return whyNoHost(networkOf(gateway), ip, "take a VM's");
}
