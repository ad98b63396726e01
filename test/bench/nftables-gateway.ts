import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "./entries.ts";
import type { BenchNamespace } from "./namespace.ts";
import { links } from "./topology.ts";

/** What gateways out of the kernel's own parts have in common. */

const forwarding = (device: string) => [
  "net.ipv4.ip_forward=1",
  ...["all", "default", links.uplink, links.downlink, device].flatMap((link) => [
    `net.ipv4.conf.${link}.rp_filter=0`,
    `net.ipv4.conf.${link}.send_redirects=0`,
  ]),
];

export const forwards = (gateway: BenchNamespace, device: string): void =>
  void gateway.run(`sysctl -qw ${forwarding(device).join(" ")}`);

interface Ruleset {
  readonly entries: readonly Entry[];
  /** The tunnel's device. */
  readonly device: string;
  /** The tunnel's UDP port: what belongs to it is not tracked, as in ours. */
  readonly port: number;
  /** Whether established connections take nftables' own fast path. */
  readonly flowtable: boolean;
}

/** Both NAT directions by map, and the forward chain every such gateway has. */
export function translate(gateway: BenchNamespace, ruleset: Ruleset): void {
  gateway.run("sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1");
  runFile(gateway, "nft -f", lines(ruleset));
}

function lines({ entries, device, port, flowtable }: Ruleset): string[] {
  const inwards = entries.map((e) => `${e.secondary} : ${e.ip}`).join(", ");
  const outwards = entries.map((e) => `${e.ip} : ${e.secondary}`).join(", ");
  return [
    "table ip nat {",
    `map in { type ipv4_addr : ipv4_addr; elements = { ${inwards} } }`,
    `map out { type ipv4_addr : ipv4_addr; elements = { ${outwards} } }`,
    `chain pre { type nat hook prerouting priority dstnat; iifname ${links.uplink} dnat to ip daddr map @in; }`,
    `chain post { type nat hook postrouting priority srcnat; oifname ${links.uplink} snat to ip saddr map @out; }`,
    "}",
    "table ip filter {",
    ...(flowtable ? [`flowtable fast { hook ingress priority 0; devices = { ${links.uplink}, ${device} }; }`] : []),
    "chain forward { type filter hook forward priority filter; policy drop;",
    ...(flowtable ? ["ct state established flow add @fast"] : []),
    "ct state invalid drop",
    "ct state established,related accept",
    `iifname ${device} oifname ${links.uplink} accept`,
    `iifname ${links.uplink} oifname ${device} accept`,
    "}",
    `chain untracked-in { type filter hook prerouting priority raw; iifname ${links.downlink} udp dport ${port} notrack; }`,
    `chain untracked-out { type filter hook output priority raw; oifname ${links.downlink} udp dport ${port} notrack; }`,
    "}",
  ];
}

/** Runs a command on many lines, in the gateway's network. */
export function runFile(gateway: { run(command: string): string }, command: string, all: readonly string[]): void {
  const dir = mkdtempSync(join(tmpdir(), "pcg-bench-peer-"));
  try {
    const file = join(dir, "lines");
    writeFileSync(file, `${all.join("\n")}\n`);
    gateway.run(`${command} ${file}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
