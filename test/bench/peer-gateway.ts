import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sh } from "../kernel/namespace.ts";
import { type Entry, net } from "./entries.ts";
import type { BenchNamespace } from "./namespace.ts";
import { links, type Topology } from "./topology.ts";

export const PEER_NAME = "kernel VXLAN + nftables maps";

export const PEER_DEVICE = "vx0";
/** 9001 less outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14. */
const MTU = 8951;

const sysctls = [
  "net.ipv4.ip_forward=1",
  ...["all", "default", links.uplink, links.downlink].flatMap((link) => [
    `net.ipv4.conf.${link}.rp_filter=0`,
    `net.ipv4.conf.${link}.send_redirects=0`,
  ]),
  "net.netfilter.nf_conntrack_tcp_be_liberal=1",
];

/**
 * The same gateway out of what the kernel has: a VXLAN device whose neighbours and forwarding entries are all written
 * down, both NAT directions by map, and the forward chain every such gateway has. The tunnel itself is untracked, as
 * ours is.
 */
export function configurePeer({ gateway }: Topology, entries: readonly Entry[]): void {
  const dir = mkdtempSync(join(tmpdir(), "pcg-bench-peer-"));
  try {
    configure(gateway, entries, dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function configure(gateway: BenchNamespace, entries: readonly Entry[], dir: string): void {
  gateway.run(`sysctl -qw ${sysctls.join(" ")}`);
  gateway.batch([
    `link add ${PEER_DEVICE} mtu ${MTU} type vxlan id ${net.vni} local ${net.tep} dstport 4789 nolearning noudpcsum`,
    `link set dev ${PEER_DEVICE} up`,
    `addr add ${net.gateway}/${net.segmentLength} dev ${PEER_DEVICE}`,
  ]);
  gateway.run(`sysctl -qw net.ipv4.conf.${PEER_DEVICE}.rp_filter=0 net.ipv4.conf.${PEER_DEVICE}.send_redirects=0`);
  const file = (name: string, lines: readonly string[]) => {
    const path = join(dir, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  };
  const neighbours = entries.map((e) => `neigh replace ${e.ip} lladdr ${e.mac} dev ${PEER_DEVICE} nud permanent`);
  const forwarding = entries.map((e) => `fdb replace ${e.mac} dev ${PEER_DEVICE} dst ${e.tep} self permanent`);
  sh(`ip -n ${gateway.name} -batch ${file("neighbours", neighbours)}`);
  sh(`bridge -n ${gateway.name} -batch ${file("fdb", forwarding)}`);
  gateway.run(`nft -f ${file("nft", ruleset(entries))}`);
}

const ruleset = (entries: readonly Entry[]) => [
  "table ip nat {",
  `map in { type ipv4_addr : ipv4_addr; elements = { ${entries.map((e) => `${e.secondary} : ${e.ip}`).join(", ")} } }`,
  `map out { type ipv4_addr : ipv4_addr; elements = { ${entries.map((e) => `${e.ip} : ${e.secondary}`).join(", ")} } }`,
  `chain pre { type nat hook prerouting priority dstnat; iifname ${links.uplink} dnat to ip daddr map @in; }`,
  `chain post { type nat hook postrouting priority srcnat; oifname ${links.uplink} snat to ip saddr map @out; }`,
  "}",
  "table ip filter {",
  "chain forward { type filter hook forward priority filter; policy drop;",
  "ct state invalid drop",
  "ct state established,related accept",
  `iifname ${PEER_DEVICE} oifname ${links.uplink} accept`,
  "}",
  `chain untracked-in { type filter hook prerouting priority raw; iifname ${links.downlink} udp dport 4789 notrack; }`,
  `chain untracked-out { type filter hook output priority raw; oifname ${links.downlink} udp dport 4789 notrack; }`,
  "}",
];
