import { PcgError } from "../base/error.ts";
import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { type Mac, parseMac } from "../net/mac.ts";
import { firstHostOf, parseInterfaceAddress } from "../net/prefix.ts";
import type { Unit, UnitConfig, UnitInterface } from "./unit.ts";

/** An interface as the operating system reports it. */
export interface FoundInterface {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
}

const roles = ["uplink", "downlink", "management"] as const;
type Role = (typeof roles)[number];

/** The gateway's MAC on every segment when nobody chose one: VMware's OUI and its usual distributed-router address. */
const ROUTER_MAC = "02:50:56:56:44:52";

export const routerMacOf = ({ routerMac = ROUTER_MAC }: UnitConfig): Mac => parseMac(routerMac);

/** Joins what the configuration says with what the machine has. @throws INTERFACE_MISSING naming role and reason, INTERFACE_SHARED */
export function unitOf(
  config: UnitConfig,
  found: readonly FoundInterface[],
  can: { readonly flowCache: boolean } = { flowCache: true },
): Unit {
  const { geneve = {}, tep, unit } = config;
  const [uplink, downlink, management] = roles.map((role) => interfaceOf(role, config, found));
  if (!uplink || !downlink || !management) throw new PcgError("INTERFACE_MISSING");
  return {
    name: unit,
    uplink,
    downlink,
    management,
    tep: { address: parseIpv4(tep.address), label: tep.label ?? 0 },
    geneve: {
      port: geneve.port ?? 6081,
      optionClass: geneve.optionClass ?? 0x0104,
      optionType: geneve.optionType ?? 0x80,
      checksum: geneve.checksum ?? "zero",
      dscp: geneve.dscp ?? "inherit",
      ttl: geneve.ttl ?? 64,
    },
    routerMac: routerMacOf(config),
    flowCache: config.flowCache !== "off" && can.flowCache,
  };
}

/** The interface the configuration means by a role, and by that role alone. @throws INTERFACE_MISSING, INTERFACE_SHARED */
export function findInterface(
  role: Role,
  { interfaces }: UnitConfig,
  found: readonly FoundInterface[],
): FoundInterface {
  const { name, mac } = interfaces[role];
  const it = found.find((f) => isMeant(interfaces[role], f));
  const have = found.map((f) => f.name).join(" ");
  if (!it) throw new PcgError("INTERFACE_MISSING", { role, wanted: name ?? mac?.toLowerCase(), have });
  const other = roles.find((one) => one !== role && isMeant(interfaces[one], it));
  if (other) throw new PcgError("INTERFACE_SHARED", { role, other, interface: it.name });
  return it;
}

const isMeant = ({ name, mac }: UnitConfig["interfaces"][Role], found: FoundInterface): boolean =>
  name === undefined ? found.mac === mac?.toLowerCase() : found.name === name;

function interfaceOf(role: Role, config: UnitConfig, found: readonly FoundInterface[]): UnitInterface {
  const { interfaces, tep } = config;
  const { gateway } = interfaces[role];
  const it = findInterface(role, config, found);
  const addresses = it.addresses.map(parseInterfaceAddress);
  const own = role === "downlink" ? addresses.find((a) => formatIpv4(a.address) === tep.address) : addresses[0];
  if (!own) throw new PcgError("INTERFACE_MISSING", { role, interface: it.name, why: whyNoAddress(role, tep.address) });
  return {
    name: it.name,
    index: it.index,
    mac: parseMac(it.mac),
    mtu: it.mtu,
    address: own,
    gateway: gateway === undefined ? firstHostOf(own) : parseIpv4(gateway),
  };
}

const whyNoAddress = (role: Role, tep: string) =>
  role === "downlink" ? `it does not have the tep address ${tep}` : "it has no IPv4 address";
