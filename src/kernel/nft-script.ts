import type { KernelKind, KernelObject, ObjectOf } from "../model/kernel-object.ts";
import { ruleTag } from "../model/object-text.ts";
import type { Step } from "../model/step.ts";

const TABLE = "ip pcg";
/** Elements of one command: bounds the parser's line, not the transaction. */
const CHUNK = 1_000;

export const isNft = (kind: KernelKind): boolean => kind.startsWith("nft-");

/**
 * One script, one transaction, for all nftables steps of a pass. Order inside: make room, make sets and chains, fill
 * them, and last take away what nothing refers to any more.
 */
export function nftScript(steps: readonly Step[]): string {
  if (steps.some((s) => s.do === "remove" && s.object.kind === "nft-table")) return `delete table ${TABLE}\n`;
  const made = steps.flatMap((s) => (s.do === "remove" ? [] : [s.do === "add" ? s.object : s.to]));
  const gone = steps.flatMap((s) => (s.do === "remove" ? [s.object] : []));
  const replaced = steps.flatMap((s) => (s.do === "change" ? [s.from] : []));
  const chainsMade = of(made, "nft-chain");
  const setsReplaced = of(replaced, "nft-set");
  // A set that is made anew is empty; what is then missing shows when the kernel is read again.
  const replacedNames = new Set(setsReplaced.map((s) => s.name));
  const lines = [
    `add table ${TABLE}`,
    ...of(made, "nft-counter").map((c) => `add counter ${TABLE} ${c.name}`),
    ...chainsMade.map(addChain),
    ...[...of(replaced, "nft-chain"), ...of(gone, "nft-chain")].map((c) => `flush chain ${TABLE} ${c.name}`),
    ...elements(
      "delete",
      [...of(replaced, "nft-element"), ...of(gone, "nft-element")].filter((e) => !replacedNames.has(e.set)),
    ),
    ...setsReplaced.map(deleteSet),
    ...of(made, "nft-set").map(addSet),
    ...elements("add", of(made, "nft-element")),
    ...chainsMade.flatMap((c) => c.rules.map((rule) => addRule(c.name, rule))),
    ...of(gone, "nft-chain").map((c) => `delete chain ${TABLE} ${c.name}`),
    ...of(gone, "nft-set").map(deleteSet),
    ...of(gone, "nft-counter").map((c) => `delete counter ${TABLE} ${c.name}`),
  ];
  return `${lines.join("\n")}\n`;
}

const of = <K extends KernelKind>(objects: readonly KernelObject[], kind: K) =>
  objects.filter((o): o is ObjectOf<K> => o.kind === kind);

function addChain({ name, hook }: ObjectOf<"nft-chain">): string {
  if (!hook) return `add chain ${TABLE} ${name}`;
  const { type, at, priority, policy } = hook;
  return `add chain ${TABLE} ${name} { type ${type} hook ${at} priority ${priority}; policy ${policy}; }`;
}

function addSet({ name, keyType, valueType, interval, counter }: ObjectOf<"nft-set">): string {
  const flags = `${interval ? " flags interval;" : ""}${counter ? " counter;" : ""}`;
  return valueType === undefined
    ? `add set ${TABLE} ${name} { type ${keyType};${flags} }`
    : `add map ${TABLE} ${name} { type ${keyType} : ${valueType};${flags} }`;
}

const deleteSet = ({ name, valueType }: ObjectOf<"nft-set">) =>
  `delete ${valueType === undefined ? "set" : "map"} ${TABLE} ${name}`;

const addRule = (chain: string, rule: string) => `add rule ${TABLE} ${chain} ${rule} comment "${ruleTag(rule)}"`;

function elements(verb: "add" | "delete", all: readonly ObjectOf<"nft-element">[]): string[] {
  const bySet = Map.groupBy(all, (e) => e.set);
  return [...bySet].flatMap(([set, members]) =>
    chunks(members).map((chunk) => `${verb} element ${TABLE} ${set} { ${chunk.map(elementText).join(", ")} }`),
  );
}

const elementText = ({ key, value }: ObjectOf<"nft-element">) => (value === undefined ? key : `${key} : ${value}`);

const chunks = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK));
