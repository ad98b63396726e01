import { CONNECTION_IS_OURS, type Connection, type Contradiction } from "../model/connection.ts";
import type { DesiredState } from "../model/desired.ts";
import type { Unit } from "../model/unit.ts";
import { type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { contains, networkOf, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { mayGoOn, portAddresses, within } from "./firewall/judge.ts";
import { natNumbers } from "./nat/stage.ts";
import { inOrder, translationsOf } from "./nat/translation.ts";

const ICMP = 1;

/**
 * Which of the connections that pass through are none that the desired state would let begin, so that they must end:
 * what translated it is gone or says something else, an end of it is no segment port, or the firewall denies it. A
 * translation that came later and would be asked first does not end what another made and still says.
 */
export function contradictionOf(want: DesiredState, unit: Unit): Contradiction {
  const made = new Set([...natNumbers(want, unit.name).values(), CONNECTION_IS_OURS]);
  const ports = portAddresses(want);
  const inSegment = within(want.segments.map((s) => networkOf(parseInterfaceAddress(s.gateway))));
  const isGone = (address: Ipv4) => inSegment(address) && !ports.has(address);
  const saysSource = sourceTranslation(want, unit);
  const allowed = mayGoOn(want, unit);
  const contradicts = (c: Connection) =>
    !made.has(c.mark) ||
    isGone(c.source) ||
    isGone(c.replySource) ||
    !(ports.has(c.source) || ports.has(c.replySource)) ||
    !saysSource(c) ||
    !allowed(openingOf(c));
  const persisting = (want.firewall ?? []).flatMap((s) => s.rules).filter((r) => r.persistEstablished);
  return { contradicts, unseen: JSON.stringify(persisting) };
}

const openingOf = (c: Connection) => ({
  protocol: c.protocol,
  source: c.source,
  destination: c.replySource,
  sport: c.sport,
  dport: c.protocol === ICMP ? c.dport : c.replySport,
  type: c.protocol === ICMP ? c.dport >> 8 : -1,
});

/**
 * Whether something says the source by which the other end sees the opener. Its mark does for one translation; this is
 * for connections with two (hairpin), which carry the mark of their DNAT, and for those to the VPC, which have none.
 */
function sourceTranslation(want: DesiredState, { downlink }: Unit): (c: Connection) => boolean {
  const elastic = new Map(
    (want.elasticIps ?? []).flatMap((e) =>
      e.overlayIp === undefined ? [] : [[parseIpv4(e.overlayIp), parseIpv4(e.address)] as const],
    ),
  );
  const pat = want.pat && parseIpv4(want.pat.address);
  const rules = inOrder(want.nat ?? [])
    .flatMap(translationsOf)
    .flatMap(({ action, to }) => {
      if (action !== "snat" || to.form === "accept") return [];
      return [parsePrefix(to.form === "prefix" ? to.prefix : to.address)];
    });
  const snatted = within(
    (want.tier0.underlay ?? []).filter((u) => u.mode === "snat").map((u) => parsePrefix(u.prefix)),
  );
  return (c) => {
    const seenAs = c.replyDestination;
    if (c.mark !== CONNECTION_IS_OURS) {
      const twice = c.destination !== c.replySource && c.source !== seenAs;
      if (!twice) return true;
      return seenAs === elastic.get(c.source) || seenAs === pat || rules.some((to) => contains(to, seenAs));
    }
    const translated = c.source !== seenAs;
    return translated ? seenAs === downlink.address.address && snatted(c.replySource) : !snatted(c.replySource);
  };
}
