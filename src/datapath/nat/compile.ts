import type { KernelObject } from "../../model/kernel-object.ts";
import { type KeyField, markText, type ProtocolName, type SetType } from "../../model/nft/field.ts";
import type { Match, Rule, Statement } from "../../model/nft/rule.ts";
import { nftElement, nftMap, nftSet } from "../nft-object.ts";
import {
  accept,
  ctMark,
  inSet,
  ipDaddr,
  ipSaddr,
  l4proto,
  log,
  port,
  rule,
  setCtMark,
  setCtMarkBy,
} from "../nft-rule.ts";
import type { Group } from "./group.ts";
import { fieldsOf, hasInterval, keyOfMatch } from "./match.ts";
import { translate, translateBy, translateNetwork, translateWithPortsBy } from "./statement.ts";
import type { Target, Translation } from "./translation.ts";

/** The sets of a group and the rules that ask them. */
export interface Compiled {
  readonly objects: readonly KernelObject[];
  readonly rules: readonly Rule[];
}

const value = {
  accept: undefined,
  address: ["ipv4_addr"],
  "address-and-port": ["ipv4_addr", "inet_service"],
  prefix: ["ipv4_addr"],
} as const satisfies Record<Target["form"], readonly SetType[] | undefined>;

export function compileGroup({ name, members }: Group, numbers: ReadonlyMap<string, number>): Compiled {
  const first = members[0];
  if (!first) return { objects: [], rules: [] };
  return needsNoMap(first) ? compileAlone(first, numbers) : compileMap(name, members, first, numbers);
}

const needsNoMap = ({ match, to }: Translation) => to.form === "prefix" || fieldsOf(match).length === 0;

/** Named matches first: a port can only be looked at when the protocol is known to have ports. */
const guard = ({ match, to }: Translation): Match[] => {
  const ports = match.sourcePorts ?? match.destinationPorts;
  return ports !== undefined || to.form === "address-and-port" ? [l4proto("tcp", "udp")] : [];
};

const logging = ({ log: id }: Translation, conditions: readonly Match[]): Rule[] =>
  id === undefined ? [] : [rule(conditions, log(`pcg nat ${id} `))];

/** What a packet must show for each field of the rule. */
function matchesOf({ match }: Translation): { readonly of: string; readonly match: Match }[] {
  const { sourceNetwork, destinationNetwork, protocol, sourcePorts, destinationPorts } = match;
  return [
    ...(sourceNetwork === undefined ? [] : [{ of: "sourceNetwork", match: ipSaddr(sourceNetwork) }]),
    ...(destinationNetwork === undefined ? [] : [{ of: "destinationNetwork", match: ipDaddr(destinationNetwork) }]),
    ...(protocol === undefined ? [] : [{ of: "protocol", match: l4proto(protocol as ProtocolName) }]),
    ...(sourcePorts === undefined ? [] : [{ of: "sourcePorts", match: port("th", "sport", sourcePorts) }]),
    ...(destinationPorts === undefined
      ? []
      : [{ of: "destinationPorts", match: port("th", "dport", destinationPorts) }]),
  ];
}

function compileAlone(t: Translation, numbers: ReadonlyMap<string, number>): Compiled {
  const matches = matchesOf(t);
  const network = matches.filter((m) => t.to.form === "prefix" && m.of === prefixField(t)).map((m) => m.match);
  const conditions = [...guard(t), ...matches.map((m) => m.match).filter((m) => !network.includes(m))];
  const whole = [...conditions, ...network];
  return {
    objects: [],
    rules: [
      ...logging(t, whole),
      ...(t.to.form === "accept" ? [] : [rule(whole, ctMark(0), setCtMark(numbers.get(t.ruleId) ?? 0))]),
      rule(conditions, statement(t)),
    ],
  };
}

const prefixField = (t: Translation) => (t.action === "snat" ? "sourceNetwork" : "destinationNetwork");

function statement(t: Translation): Statement {
  const { to, action } = t;
  switch (to.form) {
    case "accept":
      return accept;
    case "address":
      return translate(action, to.address);
    case "address-and-port":
      return translate(action, to.address, to.ports);
    case "prefix":
      return translateNetwork(action, t.match[prefixField(t)] ?? "", to.prefix);
  }
}

function compileMap(
  name: string,
  members: readonly Translation[],
  first: Translation,
  numbers: ReadonlyMap<string, number>,
): Compiled {
  const fields = fieldsOf(first.match);
  const types = fields.map((f) => f.type);
  const key = fields.map((f): KeyField => f.expression);
  const interval = members.some((m) => hasInterval(m.match));
  const conditions = guard(first);
  const valueTypes = value[first.to.form];
  if (valueTypes === undefined) {
    return {
      objects: [nftSet(name, types, { interval }), ...members.map((m) => nftElement(name, keyOfMatch(m.match)))],
      rules: [...logging(first, [...conditions, inSet(name, ...key)]), rule(conditions, inSet(name, ...key), accept)],
    };
  }
  const marks = `${name}-mark`;
  const valueRange = members.some((m) => m.to.form === "address-and-port" && m.to.ports.includes("-"));
  const by = first.to.form === "address-and-port" ? translateWithPortsBy : translateBy;
  return {
    objects: [
      nftMap(name, types, valueTypes, { interval: interval || valueRange, valueRange }),
      nftMap(marks, types, ["mark"], { interval }),
      ...members.flatMap((m) => [
        nftElement(name, keyOfMatch(m.match), targetText(m.to)),
        nftElement(marks, keyOfMatch(m.match), markText(numbers.get(m.ruleId) ?? 0)),
      ]),
    ],
    rules: [
      // A rule that is logged is alone in its group.
      ...logging(first, [...conditions, ...matchesOf(first).map((m) => m.match)]),
      rule(conditions, ctMark(0), setCtMarkBy(marks, ...key)),
      rule(conditions, by(first.action, name, key)),
    ],
  };
}

const targetText = (to: Target): string => {
  if (to.form === "address") return to.address;
  return to.form === "address-and-port" ? `${to.address} . ${to.ports}` : "";
};
