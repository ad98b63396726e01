import type { MapKey, MapValue } from "../../src/datapath/bpf/layouts.ts";
import { sides } from "../../src/datapath/bpf/layouts.ts";
import { Ipv4, parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { net } from "./network.ts";

/** Flows as flows.bpf.c would have learned them, written by hand. */

export interface Ends {
  readonly source: string;
  readonly destination: string;
  readonly sport: number;
  readonly dport: number;
}

export interface Learned {
  readonly comes: Ends & { readonly side: (typeof sides)[number]; readonly protocol: 6 | 17 };
  readonly goes: Ends & { readonly side: (typeof sides)[number] };
  readonly change?: Partial<MapValue<"flows">>;
}

export const UPLINK = 15;
export const DOWNLINK = 14;
export const GENERATION = 7;
export const mac = { router: "02:00:00:00:01:01", uplink: "02:00:00:00:01:0a", downlink: "02:00:00:00:03:2c" };
const NOWHERE = "00:00:00:00:00:00";

const halves = (n: number) => [n >>> 16, n & 0xffff] as const;

/** What a checksum changes by when these 16-bit words become those, in the order of bytes the programs sum in. */
function change(before: readonly number[], after: readonly number[]): number {
  let sum = 0;
  for (const word of before) sum += ~word & 0xffff;
  for (const word of after) sum += word;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff ? 0 : ((sum & 0xff) << 8) | (sum >> 8);
}

export const monotonicUnits = (): number => Number(BigInt.asUintN(32, process.hrtime.bigint() >> 20n));

export const flowKey = ({ comes }: Learned): MapKey<"flows"> => ({
  source: parseIpv4(comes.source),
  destination: parseIpv4(comes.destination),
  sport: comes.sport,
  dport: comes.dport,
  protocol: comes.protocol,
  side: sides.indexOf(comes.side),
  reserved: 0,
});

export function flowValue({ comes, goes, change: changed = {} }: Learned): MapValue<"flows"> {
  const addresses = (t: Ends) => [t.source, t.destination].flatMap((a) => halves(parseIpv4(a)));
  const intoTunnel = goes.side === "overlay";
  const outOfTunnel = comes.side === "overlay";
  return {
    packets: 0n,
    bytes: 0n,
    source: parseIpv4(goes.source),
    destination: parseIpv4(goes.destination),
    sport: goes.sport,
    dport: goes.dport,
    addressSum: change(addresses(comes), addresses(goes)),
    portSum: change([comes.sport, comes.dport], [goes.sport, goes.dport]),
    generation: GENERATION,
    until: (monotonicUnits() + 60_000) >>> 0,
    since: 0,
    mark: 99,
    reply: 0,
    device: intoTunnel ? DOWNLINK : UPLINK,
    mtu: intoTunnel ? 8_943 : 1_500,
    tep: intoTunnel ? parseIpv4(net.vmTep) : Ipv4(0),
    vni: intoTunnel ? net.vni : 0,
    hash: 0x1234_5678,
    senderTep: outOfTunnel ? parseIpv4(net.vmTep) : Ipv4(0),
    senderVni: outOfTunnel ? net.vni : 0,
    to: parseMac(intoTunnel ? net.vmOuterMac : mac.router),
    from: parseMac(intoTunnel ? mac.downlink : mac.uplink),
    mac: parseMac(intoTunnel ? net.vmMac : NOWHERE),
    senderMac: parseMac(outOfTunnel ? net.vmMac : NOWHERE),
    side: sides.indexOf(goes.side),
    ...changed,
  };
}
