import type { KernelKind, KernelObject, ObjectOf } from "../model/kernel-object.ts";
import { baseChains, isBaseChain } from "../model/nft/base-chain.ts";
import { elementText } from "../model/nft/element.ts";
import type { OwnRule } from "../model/nft/rule.ts";
import { ruleTag, ruleText } from "../model/nft/rule-text.ts";
import type { Step } from "../model/step.ts";
import { ownRules } from "./base-chains.ts";
import type { OwnUnit } from "./own-unit.ts";

const TABLE = "ip pcg";
/** Elements of one command: bounds the parser's line, not the transaction. */
const CHUNK = 1_000;

export const isNft = (kind: KernelKind): boolean => kind.startsWith("nft-");

/**
 * One script, one transaction, for all nftables steps of a pass. Order inside: make room, make sets and chains, fill
 * them, and last take away what nothing refers to any more. A step speaks in data only; every word here is ours.
 */
export function nftScript(steps: readonly Step[], unit: OwnUnit): string {
  if (steps.some((s) => s.do === "remove" && s.object.kind === "nft-table")) return `delete table ${TABLE}\n`;
  const made = steps.flatMap((s) => (s.do === "remove" ? [] : [s.do === "add" ? s.object : s.to]));
  const gone = steps.flatMap((s) => (s.do === "remove" ? [s.object] : []));
  const replaced = steps.flatMap((s) => (s.do === "change" ? [s.from] : []));
  const chainsMade = chainsOf(made);
  const chainsGone = chainsOf(gone);
  const setsReplaced = of(replaced, "nft-set");
  // A set that is made anew is empty; what is then missing shows when the kernel is read again.
  const replacedNames = new Set(setsReplaced.map((s) => s.name));
  // A chain whose place in the kernel is another now cannot be changed, only made anew.
  const names = new Set(chainsMade.map((c) => c.name));
  const moved = chainsGone.filter((c) => names.has(c.name));
  const lines = [
    `add table ${TABLE}`,
    ...moved.flatMap((c) => [`flush chain ${TABLE} ${c.name}`, `delete chain ${TABLE} ${c.name}`]),
    ...of(made, "nft-counter").map((c) => `add counter ${TABLE} ${c.name}`),
    ...chainsMade.map(addChain),
    ...[...chainsOf(replaced), ...chainsGone].map((c) => `flush chain ${TABLE} ${c.name}`),
    ...elements(
      "delete",
      [...of(replaced, "nft-element"), ...of(gone, "nft-element")].filter((e) => !replacedNames.has(e.set)),
    ),
    ...setsReplaced.map(deleteSet),
    ...of(made, "nft-set").map(addSet),
    ...elements("add", of(made, "nft-element")),
    ...chainsMade.flatMap((c) => rulesOf(c, unit).map((rule) => addRule(c.name, rule))),
    ...chainsGone.filter((c) => !names.has(c.name)).map((c) => `delete chain ${TABLE} ${c.name}`),
    ...of(gone, "nft-set").map(deleteSet),
    ...of(gone, "nft-counter").map((c) => `delete counter ${TABLE} ${c.name}`),
  ];
  return `${lines.join("\n")}\n`;
}

type Chain = ObjectOf<"nft-chain" | "nft-base-chain">;

const chainsOf = (objects: readonly KernelObject[]) =>
  objects.filter((o): o is Chain => o.kind === "nft-chain" || o.kind === "nft-base-chain");

const of = <K extends KernelKind>(objects: readonly KernelObject[], kind: K) =>
  objects.filter((o): o is ObjectOf<K> => o.kind === kind);

function addChain({ kind, name }: Chain): string {
  if (kind === "nft-chain" || !isBaseChain(name)) return `add chain ${TABLE} ${name}`;
  const { type, at, priority, policy } = baseChains[name];
  return `add chain ${TABLE} ${name} { type ${type} hook ${at} priority ${priority}; policy ${policy}; }`;
}

/** A rule that stands as its tag is known by nobody any more: only what is read from the kernel looks like that. */
function rulesOf(chain: Chain, unit: OwnUnit): OwnRule[] {
  const own = chain.kind === "nft-base-chain" ? ownRules(chain.name, unit) : [];
  return [...own, ...chain.rules.filter((r) => typeof r !== "string")];
}

function addSet({ name, key, value, valueRange, interval, counter, dynamic }: ObjectOf<"nft-set">): string {
  const bounds = dynamic ? ` size ${dynamic.size};${timeoutText(dynamic.timeoutSeconds)}` : "";
  const flags = `${interval ? " flags interval;" : ""}${bounds}${counter ? " counter;" : ""}`;
  const keys = key.join(" . ");
  return value === undefined
    ? `add set ${TABLE} ${name} { type ${keys};${flags} }`
    : `add map ${TABLE} ${name} { type ${keys} : ${valueRange ? "interval " : ""}${value.join(" . ")};${flags} }`;
}

const timeoutText = (seconds: number | undefined) =>
  seconds === undefined ? " flags dynamic;" : ` flags dynamic,timeout; timeout ${seconds}s;`;

const deleteSet = ({ name, value }: ObjectOf<"nft-set">) =>
  `delete ${value === undefined ? "set" : "map"} ${TABLE} ${name}`;

const addRule = (chain: string, rule: OwnRule) =>
  `add rule ${TABLE} ${chain} ${ruleText(rule)} comment "${ruleTag(rule)}"`;

function elements(verb: "add" | "delete", all: readonly ObjectOf<"nft-element">[]): string[] {
  const bySet = Map.groupBy(all, (e) => e.set);
  return [...bySet].flatMap(([set, members]) =>
    chunks(members).map((chunk) => `${verb} element ${TABLE} ${set} { ${chunk.map(pairText).join(", ")} }`),
  );
}

const pairText = ({ key, value }: ObjectOf<"nft-element">) =>
  value === undefined ? elementText(key) : `${elementText(key)} : ${elementText(value)}`;

const chunks = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK));
