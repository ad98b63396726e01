import { type MapName, maps, structs } from "../datapath/bpf/layouts.ts";
import { decode, layout } from "../datapath/bpf/struct.ts";
import type { ObjectOf } from "../model/kernel-object.ts";
import { formatIpv4, type Ipv4 } from "../net/ipv4.ts";
import { whyReserved } from "../net/special-use.ts";
import { type OwnUnit, ownAddresses } from "./own-unit.ts";

/** Maps that hold what is wished. All others are pcg-kernel's own, or the programs'. */
const wishMaps: ReadonlySet<string> = new Set<MapName>([
  "gateway",
  "endpoints",
  "members",
  "teps",
  "segment_teps",
  "segments",
  "canonical_in",
  "canonical_out",
  "uplink_own",
  "sources",
]);

/** Fields that are told apart from what addresses may be anybody's. */
const addressFields = ["address", "tep", "gateway", "dhcpServer"] as const;

/** Why an entry cannot be ours: its map, its size, or an address in it that nobody's packets may be sent or turned to. */
export function entryFlaw({ map, key, value }: ObjectOf<"bpf-entry">, unit: OwnUnit): string | undefined {
  if (!wishMaps.has(map)) return `${map} is no map that holds what is wished`;
  const row = maps[map as MapName];
  const [k, v] = [Buffer.from(key, "hex"), Buffer.from(value, "hex")];
  if (k.length !== layout(structs[row.key]).size || v.length !== layout(structs[row.value]).size)
    return `is not of the size of ${map}`;
  // What a side may carry is said of every source there is: of the machine's own and the cloud's above all.
  if (map === "sources") return undefined;
  if (map === "gateway") return gatewayFlaw(decode(structs.gateway, v), unit);
  if (map === "uplink_own") return uplinkOwnFlaw(decode(structs.address, k).address, unit);
  return addressesIn(structs[row.key], k)
    .concat(addressesIn(structs[row.value], v))
    .map(whyNobodys(unit))
    .find((w) => w);
}

const addressesIn = (struct: (typeof structs)[keyof typeof structs], bytes: Uint8Array): Ipv4[] => {
  const fields = decode(struct, bytes) as Record<string, unknown>;
  return addressFields.flatMap((name) => (name in fields ? [fields[name] as Ipv4] : []));
};

const whyNobodys =
  (unit: OwnUnit) =>
  (address: Ipv4): string | undefined => {
    if (ownAddresses(unit).some((own) => own.address === address)) return `${formatIpv4(address)} is this unit's own`;
    const why = whyReserved({ first: address, last: address });
    return why && `${formatIpv4(address)} ${why}`;
  };

const gatewayFlaw = ({ tep, port }: { tep: Ipv4; port: number }, unit: OwnUnit) => {
  if (!unit.downlink.addresses.some(({ address }) => address === tep))
    return `${formatIpv4(tep)} is not the downlink's`;
  return port === unit.genevePort ? undefined : `the tunnel's port is ${unit.genevePort}`;
};

/** 0.0.0.0 is the source of the machine's own DHCP client. */
const uplinkOwnFlaw = (address: Ipv4, unit: OwnUnit) =>
  address === 0 || unit.uplink.addresses.some((own) => own.address === address)
    ? undefined
    : `${formatIpv4(address)} is not the uplink's`;
