import type { KernelObject } from "../../model/kernel-object.ts";
import { nftElement, nftMap, nftSet } from "../nft-object.ts";
import type { Group } from "./group.ts";
import { fieldsOf, hasInterval, keyOfMatch, nftAddress } from "./match.ts";
import { markText } from "./number.ts";
import type { Target, Translation } from "./translation.ts";

/** The sets of a group and the rules that ask them. */
export interface Compiled {
  readonly objects: readonly KernelObject[];
  readonly rules: readonly string[];
}

const value = {
  accept: undefined,
  address: "ipv4_addr",
  "address-and-port": "ipv4_addr . inet_service",
  prefix: "ipv4_addr",
} as const satisfies Record<Target["form"], string | undefined>;

export function compileGroup({ name, members }: Group, numbers: ReadonlyMap<string, number>): Compiled {
  const first = members[0];
  if (!first) return { objects: [], rules: [] };
  return needsNoMap(first) ? compileAlone(first, numbers) : compileMap(name, members, first, numbers);
}

const needsNoMap = ({ match, to }: Translation) => to.form === "prefix" || fieldsOf(match).length === 0;

/** Named matches first: a port can only be looked at when the protocol is known to have ports. */
const guard = ({ match, to }: Translation): string[] => {
  const ports = match.sourcePorts ?? match.destinationPorts;
  return ports !== undefined || to.form === "address-and-port" ? ["meta l4proto { tcp, udp }"] : [];
};

function logging({ log }: Translation, conditions: readonly string[]): string[] {
  return log === undefined ? [] : [[...conditions, `log prefix "pcg nat ${log} "`].join(" ")];
}

function compileAlone(t: Translation, numbers: ReadonlyMap<string, number>): Compiled {
  const conditions = [
    ...guard(t),
    ...fieldsOf(t.match)
      .filter((f) => !(t.to.form === "prefix" && f.of === prefixField(t)))
      .map((f) => `${f.expression} ${nftAddress(t.match[f.of] ?? "")}`),
  ];
  const mark = `ct mark 0x0 ct mark set ${markText(numbers.get(t.ruleId) ?? 0)}`;
  const whole =
    t.to.form === "prefix"
      ? [...conditions, `ip ${prefixField(t) === "sourceNetwork" ? "saddr" : "daddr"} ${t.match[prefixField(t)]}`]
      : conditions;
  return {
    objects: [],
    rules: [
      ...logging(t, whole),
      ...(t.to.form === "accept" ? [] : [[...whole, mark].join(" ")]),
      [...conditions, statement(t)].join(" "),
    ],
  };
}

const prefixField = (t: Translation) => (t.action === "snat" ? "sourceNetwork" : "destinationNetwork");

function statement(t: Translation): string {
  const { to, action } = t;
  switch (to.form) {
    case "accept":
      return "accept";
    case "address":
      return `${action} to ${to.address}`;
    case "address-and-port":
      return `${action} to ${to.address}:${to.ports}`;
    case "prefix": {
      const field = prefixField(t);
      const expression = field === "sourceNetwork" ? "ip saddr" : "ip daddr";
      return `${action} ip prefix to ${expression} map { ${t.match[field]} : ${to.prefix} }`;
    }
  }
}

function compileMap(
  name: string,
  members: readonly Translation[],
  first: Translation,
  numbers: ReadonlyMap<string, number>,
): Compiled {
  const fields = fieldsOf(first.match);
  const keyType = fields.map((f) => f.type).join(" . ");
  const key = fields.map((f) => f.expression).join(" . ");
  const interval = members.some((m) => hasInterval(m.match));
  const conditions = guard(first);
  const valueType = value[first.to.form];
  if (valueType === undefined) {
    return {
      objects: [nftSet(name, keyType, { interval }), ...members.map((m) => nftElement(name, keyOfMatch(m.match)))],
      rules: [
        ...logging(first, [...conditions, `${key} @${name}`]),
        [...conditions, `${key} @${name} accept`].join(" "),
      ],
    };
  }
  const marks = `${name}-mark`;
  const dataInterval = members.some((m) => m.to.form === "address-and-port" && m.to.ports.includes("-"));
  const typedValue = dataInterval ? `interval ${valueType}` : valueType;
  return {
    objects: [
      nftMap(name, keyType, typedValue, { interval: interval || dataInterval }),
      nftMap(marks, keyType, "mark", { interval }),
      ...members.flatMap((m) => [
        nftElement(name, keyOfMatch(m.match), targetText(m.to)),
        nftElement(marks, keyOfMatch(m.match), markText(numbers.get(m.ruleId) ?? 0)),
      ]),
    ],
    rules: [
      ...logging(first, [...conditions, `${key} ${keyOfMatch(first.match)}`]),
      [...conditions, `ct mark 0x0 ct mark set ${key} map @${marks}`].join(" "),
      [
        ...conditions,
        `${first.action}${first.to.form === "address-and-port" ? " ip" : ""} to ${key} map @${name}`,
      ].join(" "),
    ],
  };
}

const targetText = (to: Target): string => {
  if (to.form === "address") return to.address;
  return to.form === "address-and-port" ? `${to.address} . ${to.ports}` : "";
};
