import { CONNECTION_IS_OURS } from "../../model/connection.ts";
import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Rule } from "../../model/nft/rule.ts";
import type { Unit } from "../../model/unit.ts";
import { formatPrefix, networkOf, parseInterfaceAddress } from "../../net/prefix.ts";
import { drops } from "../drops.ts";
import { overlayMtu, segmentMtu, uplinkMtu } from "../mtu.ts";
import { dropCounter, OVERLAY, REFUSAL_MARK, sets } from "../names.ts";
import { nftBaseChain, nftChain, nftElement, nftSet } from "../nft-object.ts";
import {
  accept,
  byCtState,
  byIifname,
  ctMark,
  ctState,
  ctStatus,
  drop,
  goTo,
  iifname,
  inSet,
  jump,
  l4proto,
  maxsegOver,
  oifname,
  port,
  type RuleWord,
  reject,
  rule,
  setCtMark,
  setMaxseg,
  setMetaMark,
  syn,
} from "../nft-rule.ts";
import type { Stage } from "../stage.ts";
import { compileFirewallRule, ruleCounter } from "./rule.ts";

/** IPv4's and TCP's headers without options. */
const HEADERS = 40;
/** Linux takes no smaller one: TCP_MIN_MSS. */
const LEAST_MSS = 88;

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
    nftChain("refuse", [
      rule(iifname(OVERLAY), setMetaMark(REFUSAL_MARK)),
      rule(l4proto("tcp"), reject("tcp reset")),
      rule(reject("icmp admin-prohibited")),
    ]),
    nftChain("no-state", [rule(drop("INVALID_STATE"))]),
    nftChain("open", open(want, unit)),
    nftChain("begun", begun(unit)),
    nftBaseChain("forward", FORWARD),
    nftBaseChain("input"),
    nftBaseChain("last", [
      rule(ctState("new"), jump("begun")),
      // Only here is a connection's first packet marked by source NAT too.
      rule(inSet(sets.natCounters, "ct direction", "ct mark")),
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
    nftSet(name, ["ipv4_addr"], { interval: true }),
    ...elements.map((e) => nftElement(name, e)),
  ];
  return [
    ...filled(
      sets.segments,
      gateways.map((g) => formatPrefix(networkOf(g))),
    ),
    nftSet(sets.gateways, ["ipv4_addr"]),
    ...want.segments.map((s) => nftElement(sets.gateways, s.gateway.replace(/\/.*/, ""))),
    ...filled(sets.underlayRouted, underlay("routed")),
    ...filled(sets.underlaySnat, underlay("snat")),
  ];
}

/** A source of the overlay comes out of the tunnel only. What nobody may reach at all, the base chain's guard refuses. */
function never({ uplink, downlink }: Unit): KernelObject[] {
  const inside = rule(inSet(sets.segments, "ip saddr"), drop("UPLINK_SPOOFED"));
  return [uplink, downlink].map(({ name }) => nftChain(`from-${name}`, [inside]));
}

/** One look-up tells most packets apart: what belongs to a connection was judged when it began. */
const FORWARD = [
  rule(
    byCtState([
      ["established", goTo("follow")],
      ["related", goTo("follow")],
      ["new", goTo("open")],
      ["invalid", goTo("no-state")],
      ["untracked", goTo("no-state")],
    ]),
  ),
];

/** Packets of connections that were let begin. */
const follow = [rule(syn, jump("segment-size")), rule(accept)];

/** The first packet of a connection. */
function open(want: DesiredState, { uplink, downlink, geneve }: Unit): Rule[] {
  const allow = (...conditions: RuleWord[]) => rule(...conditions, goTo("follow"));
  const toVpc = [iifname(OVERLAY), oifname(downlink.name)];
  return [
    rule(
      byIifname([
        [uplink.name, jump(`from-${uplink.name}`)],
        [downlink.name, jump(`from-${downlink.name}`)],
      ]),
    ),
    // What a VM sends there would be believed as its gateway's by the tunnel endpoint.
    rule(toVpc, port("udp", "dport", `${geneve.port}`), drop("TUNNEL_PORT")),
    ...untranslatable(uplink.name, downlink.name),
    ...(want.firewall ?? []).map((s) => rule(jump(`section-${s.id}`))),
    allow(iifname(OVERLAY), oifname(uplink.name, OVERLAY)),
    allow(toVpc, inSet(sets.underlayRouted, "ip daddr")),
    allow(toVpc, inSet(sets.underlaySnat, "ip daddr")),
    allow(iifname(downlink.name), oifname(OVERLAY), inSet(sets.underlayRouted, "ip saddr")),
    rule(drop("NOT_ALLOWED")),
  ];
}

/**
 * Kernels differ in whether they translate these at all; one that does not leaves the checksum wrong, and the packet
 * vanishes at its receiver.
 */
const untranslatable = (uplink: string, downlink: string): Rule[] =>
  [iifname(uplink), oifname(uplink), ctStatus("dnat"), [oifname(downlink), inSet(sets.underlaySnat, "ip daddr")]].map(
    (translated) => rule(translated, l4proto("dccp", "udplite"), drop("NAT_PROTOCOL")),
  );

/** What passes without a translation is marked as ours too, so that it can be told from the machine's own. */
const begun = ({ uplink, downlink }: Unit): Rule[] => [
  rule(oifname(uplink.name), inSet(sets.segments, "ip saddr"), drop("NO_TRANSLATION")),
  rule(iifname(OVERLAY, uplink.name, downlink.name), ctMark(0), setCtMark(CONNECTION_IS_OURS)),
];

/** Both ends of a connection with the Internet start with segments that fit it, and the tunnel. */
function segmentSize(want: DesiredState, unit: Unit): KernelObject {
  const { uplink } = unit;
  const narrowest = Math.min(uplinkMtu(unit), overlayMtu(unit), ...want.segments.map((s) => segmentMtu(s, unit)));
  const mss = Math.min(want.tier0.mssClamp ?? Number.POSITIVE_INFINITY, Math.max(LEAST_MSS, narrowest - HEADERS));
  const clamp = [maxsegOver(mss), setMaxseg(mss)];
  return nftChain("segment-size", [rule(oifname(uplink.name), clamp), rule(iifname(uplink.name), clamp)]);
}
