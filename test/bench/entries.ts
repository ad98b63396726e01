import type { DesiredState } from "../../src/model/desired.ts";
import { formatIpv4, Ipv4, parseIpv4 } from "../../src/net/ipv4.ts";

/** Addresses of the fabric; both gateways see the same. */
export const net = {
  internet: "10.10.0.1",
  uplink: "10.10.0.5",
  uplinkLength: 16,
  secondaries: "10.10.64.0/18",
  downlinkRouter: "10.20.0.1",
  tep: "10.20.0.5",
  downlinkLength: 16,
  management: "10.30.0.5",
  vni: 5001,
  segment: "172.16.0.0/16",
  gateway: "172.16.0.1",
  segmentLength: 16,
} as const;

/** One VM, its tunnel endpoint, its public address, and what stands for that on the uplink. */
export interface Entry {
  readonly ip: string;
  readonly mac: string;
  readonly tep: string;
  readonly secondary: string;
  readonly elastic: string;
}

/** VMs behind one tunnel endpoint. */
const VMS_PER_TEP = 10;

const after = (first: string, n: number) => formatIpv4(Ipv4(parseIpv4(first) + n));
const hexPair = (n: number) => (n & 0xff).toString(16).padStart(2, "0");

export const entryOf = (n: number): Entry => ({
  ip: after("172.16.1.1", n),
  mac: `02:00:00:10:${hexPair(n >> 8)}:${hexPair(n)}`,
  tep: after("10.20.1.1", Math.floor(n / VMS_PER_TEP)),
  secondary: after("10.10.64.1", n),
  elastic: after("198.18.0.1", n),
});

export const entriesOf = (count: number): Entry[] => Array.from({ length: count }, (_, n) => entryOf(n));

export const tepsOf = (entries: readonly Entry[]): string[] => [...new Set(entries.map((e) => e.tep))];

/** The wish that makes a gateway of these entries: an endpoint and an Elastic IP each. */
export const wishOf = (entries: readonly Entry[], generation = 1): DesiredState => ({
  generation,
  segments: [{ id: "bench", name: "bench", vni: net.vni, gateway: `${net.gateway}/${net.segmentLength}` }],
  teps: tepsOf(entries).map((address) => ({ address })),
  endpoints: entries.map(({ mac, ip, tep }) => ({ segment: "bench", mac, ip, tep })),
  firewall: [{ id: "all", rules: [{ id: "in", action: "ALLOW" }] }],
  tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }] },
  elasticIps: entries.map(({ elastic, secondary, ip }) => ({
    address: elastic,
    secondary: { a: secondary },
    overlayIp: ip,
  })),
});
