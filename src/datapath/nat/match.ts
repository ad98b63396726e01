import type { NatRule } from "../../model/nat.ts";
import { type KeyField, type ProtocolName, protocols, type SetType } from "../../model/nft/field.ts";
import { addressText } from "../../model/nft/rule-text.ts";
import { parsePortRange } from "../../net/port-range.ts";
import { parsePrefix, rangeOf } from "../../net/prefix.ts";

/** What a NAT rule may match on, in the order a key is written: the rule's field, nft's expression and type. */
const matchFields = [
  { of: "sourceNetwork", expression: "ip saddr", type: "ipv4_addr" },
  { of: "destinationNetwork", expression: "ip daddr", type: "ipv4_addr" },
  { of: "protocol", expression: "meta l4proto", type: "inet_proto" },
  { of: "sourcePorts", expression: "th sport", type: "inet_service" },
  { of: "destinationPorts", expression: "th dport", type: "inet_service" },
] as const satisfies readonly { of: keyof NatRule; expression: KeyField; type: SetType }[];

type MatchField = (typeof matchFields)[number]["of"];
export type Match = Readonly<Partial<Record<MatchField, string>>>;

/** The fields a match has, in key order. */
export const fieldsOf = (match: Match) => matchFields.filter(({ of }) => match[of] !== undefined);

/** The key as an element of a set over {@link fieldsOf} the match. */
export const keyOfMatch = (match: Match): string =>
  fieldsOf(match)
    .map(({ of }) => addressText(match[of] ?? ""))
    .join(" . ");

/** Whether some value of the key is a range, so that its set needs intervals. */
export const hasInterval = (match: Match): boolean =>
  fieldsOf(match).some(({ of }) => {
    const [first, last] = span(of, match[of] ?? "");
    return first !== last;
  });

/** Whether some packet fits both. Both must have the same fields. */
export const meet = (a: Match, b: Match): boolean =>
  fieldsOf(a).every(({ of }) => {
    const [a0, a1] = span(of, a[of] ?? "");
    const [b0, b1] = span(of, b[of] ?? "");
    return a0 <= b1 && b0 <= a1;
  });

function span(field: MatchField, text: string): readonly [number, number] {
  switch (field) {
    case "sourceNetwork":
    case "destinationNetwork": {
      const { first, last } = rangeOf(parsePrefix(text));
      return [first, last];
    }
    case "protocol": {
      const number = protocols[text as ProtocolName] ?? 0;
      return [number, number];
    }
    case "sourcePorts":
    case "destinationPorts": {
      const { first, last } = parsePortRange(text);
      return [first, last];
    }
  }
}
