import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Unit } from "../../model/unit.ts";
import { formatPrefix, networkOf, parseInterfaceAddress } from "../../net/prefix.ts";
import { drops } from "../drops.ts";
import { dropCounter, OVERLAY, sets } from "../names.ts";
import { nftBaseChain, nftChain, nftElement, nftSet } from "../nft-object.ts";
import type { Stage } from "../stage.ts";
import { compileFirewallRule, ruleCounter } from "./rule.ts";

const FILTER = 0;
/** After source NAT and everything else that may still change a packet. */
const LAST = 300;
const DEFAULT_MSS = 1460;

const drop = (reason: keyof typeof drops) => `counter name "${dropCounter(reason)}" drop`;

export const firewall: Stage = {
  name: "firewall",
  does: "lets connections through that a rule allows, their answers after them, and counts the rest by reason",
  objects: (want, unit) => [
    { kind: "nft-table" },
    ...counters(want),
    ...addressSets(want),
    ...never(unit),
    segmentSize(want, unit),
    ...(want.firewall ?? []).map((s) => nftChain(`section-${s.id}`, s.rules.flatMap(compileFirewallRule))),
    nftChain("follow", follow),
    // What a REJECT says: a reset to TCP, which every client understands at once; ICMP to the rest.
    nftChain("refuse", ["meta l4proto tcp reject with tcp reset", "reject with icmp type admin-prohibited"]),
    nftChain("no-state", [drop("INVALID_STATE")]),
    nftChain("open", open(want, unit)),
    nftBaseChain("forward", { type: "filter", at: "forward", priority: FILTER, policy: "drop" }, FORWARD),
    nftBaseChain("input", { type: "filter", at: "input", priority: FILTER, policy: "accept" }, input(unit)),
    nftBaseChain("last", { type: "filter", at: "postrouting", priority: LAST, policy: "accept" }, [
      `ct state new oifname "${unit.uplink.name}" ip saddr @${sets.segments} ${drop("NO_TRANSLATION")}`,
      // Only here is a connection's first packet marked by source NAT too.
      `ct direction . ct mark @${sets.natCounters}`,
    ]),
  ],
};

function counters(want: DesiredState): KernelObject[] {
  const reasons = Object.entries(drops).filter(([, { at }]) => at === "firewall");
  const rules = (want.firewall ?? []).flatMap((s) => s.rules);
  return [...reasons.map(([reason]) => dropCounter(reason)), ...rules.map((r) => ruleCounter(r.id))].map((name) => ({
    kind: "nft-counter",
    name,
  }));
}

function addressSets(want: DesiredState): KernelObject[] {
  const gateways = want.segments.map((s) => parseInterfaceAddress(s.gateway));
  const underlay = (mode: string) =>
    (want.tier0.underlay ?? []).filter((u) => u.mode === mode).map((u) => u.prefix.replace(/\/32$/, ""));
  const filled = (name: string, elements: readonly string[]) => [
    nftSet(name, "ipv4_addr", { interval: true }),
    ...elements.map((e) => nftElement(name, e)),
  ];
  return [
    ...filled(
      sets.segments,
      gateways.map((g) => formatPrefix(networkOf(g))),
    ),
    nftSet(sets.gateways, "ipv4_addr"),
    ...want.segments.map((s) => nftElement(sets.gateways, s.gateway.replace(/\/.*/, ""))),
    ...filled(sets.underlayRouted, underlay("routed")),
    ...filled(sets.underlaySnat, underlay("snat")),
  ];
}

/** What holds whatever the connection is, by where the packet comes from. */
function never({ uplink, downlink, management }: Unit): KernelObject[] {
  const managed = formatPrefix(networkOf(management.address));
  const inside = `ip saddr @${sets.segments} ${drop("UPLINK_SPOOFED")}`;
  const toManagement = `ip daddr ${managed} ${drop("MANAGEMENT")}`;
  return [
    nftChain(`from-${management.name}`, [drop("MANAGEMENT")]),
    nftChain(`from-${uplink.name}`, [inside, toManagement]),
    nftChain(`from-${downlink.name}`, [inside, toManagement]),
    nftChain(`from-${OVERLAY}`, [`ip daddr 169.254.0.0/16 ${drop("LINK_LOCAL")}`, toManagement]),
  ];
}

/** One look-up tells most packets apart: what belongs to a connection was judged when it began. */
const FORWARD = [
  "ct state vmap { established : goto follow, related : goto follow, new : goto open, invalid : goto no-state, untracked : goto no-state }",
];

/** Packets of connections that were let begin. */
const follow = ["tcp flags & (syn | rst) == syn jump segment-size", "accept"];

/** The first packet of a connection. */
function open(want: DesiredState, { uplink, downlink, management }: Unit): string[] {
  const from = [OVERLAY, uplink.name, downlink.name, management.name].map((link) => `"${link}" : jump from-${link}`);
  const allow = (conditions: string) => `${conditions} goto follow`;
  return [
    `iifname vmap { ${from.join(", ")} }`,
    `oifname "${management.name}" ${drop("MANAGEMENT")}`,
    ...(want.firewall ?? []).map((s) => `jump section-${s.id}`),
    allow(`iifname "${OVERLAY}" oifname { "${uplink.name}", "${OVERLAY}" }`),
    allow(`iifname "${OVERLAY}" oifname "${downlink.name}" ip daddr @${sets.underlayRouted}`),
    allow(`iifname "${OVERLAY}" oifname "${downlink.name}" ip daddr @${sets.underlaySnat}`),
    allow(`iifname "${downlink.name}" oifname "${OVERLAY}" ip saddr @${sets.underlayRouted}`),
    drop("NOT_ALLOWED"),
  ];
}

/** Both ends of a connection with the Internet start with segments that fit it. */
function segmentSize(want: DesiredState, { uplink }: Unit): KernelObject {
  const mss = want.tier0.mssClamp ?? DEFAULT_MSS;
  const clamp = `tcp option maxseg size > ${mss} tcp option maxseg size set ${mss}`;
  return nftChain("segment-size", [`oifname "${uplink.name}" ${clamp}`, `iifname "${uplink.name}" ${clamp}`]);
}

/** What the gateway itself answers: ping on its addresses, tunnel control; on management, what the machine allows. */
function input({ uplink, downlink, geneve }: Unit): string[] {
  return [
    `iifname "${OVERLAY}" ip daddr @${sets.gateways} icmp type echo-request accept`,
    `iifname "${OVERLAY}" ${drop("TO_GATEWAY")}`,
    `iifname "${downlink.name}" udp dport ${geneve.port} accept`,
    `iifname { "${uplink.name}", "${downlink.name}" } ct state established,related accept`,
    `iifname { "${uplink.name}", "${downlink.name}" } icmp type echo-request accept`,
    `iifname { "${uplink.name}", "${downlink.name}" } ${drop("TO_GATEWAY")}`,
  ];
}
