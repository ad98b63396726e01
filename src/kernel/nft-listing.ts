import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../base/error.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import { baseChains, isBaseChain } from "../model/nft/base-chain.ts";
import type { SetType } from "../model/nft/field.ts";
import { ruleTag } from "../model/nft/rule-text.ts";
import { ownRules } from "./base-chains.ts";
import type { Tally } from "./kernel.ts";
import type { OwnUnit } from "./own-unit.ts";

/** What we read of `nft -j list table` (libnftables-json(5)); the rest is passed over. */
const Listing = Type.Object({ nftables: Type.Array(Type.Record(Type.String(), Type.Unknown())) });
const CounterRow = Type.Object({ name: Type.String(), packets: Type.Number(), bytes: Type.Number() });
const TypeName = Type.Union([Type.String(), Type.Array(Type.String())]);
const SetRow = Type.Object({
  name: Type.String(),
  type: TypeName,
  map: Type.Optional(TypeName),
  flags: Type.Optional(Type.Array(Type.String())),
  size: Type.Optional(Type.Integer()),
  timeout: Type.Optional(Type.Integer()),
  stmt: Type.Optional(Type.Array(Type.Unknown())),
  elem: Type.Optional(Type.Array(Type.Unknown())),
});
const ChainRow = Type.Object({
  name: Type.String(),
  type: Type.Optional(Type.String()),
  hook: Type.Optional(Type.String()),
  prio: Type.Optional(Type.Number()),
  policy: Type.Optional(Type.String()),
});
const RuleRow = Type.Object({ chain: Type.String(), comment: Type.Optional(Type.String()) });

const isListing = Compile(Listing);
const isCounter = Compile(CounterRow);
const isSet = Compile(SetRow);
const isChain = Compile(ChainRow);
const isRule = Compile(RuleRow);

type SetRow = Type.Static<typeof SetRow>;

/** The parts of a listing, by kind. @throws KERNEL_UNREADABLE when it is none */
function partsOf(json: string): { readonly kind: string; readonly row: unknown }[] {
  const listing: unknown = json === "" ? { nftables: [] } : JSON.parse(json);
  if (!isListing.Check(listing)) throw new PcgError("KERNEL_UNREADABLE", { what: "nft listing" });
  return listing.nftables.flatMap((part) => Object.entries(part).map(([kind, row]) => ({ kind, row })));
}

/** A rule nobody tagged; no rule of ours has this tag. */
const FOREIGN = "#000000000000";

/**
 * Our table as objects; rules stand as their tags, and one nobody tagged as a tag that matches nothing. Of base chains
 * what this unit puts at their beginning is left out when it is there as it should be; else the chain reads as foreign.
 */
export function nftObjects(json: string, unit: OwnUnit): KernelObject[] {
  const parts = partsOf(json);
  const rules = new Map<string, string[]>();
  for (const { kind, row } of parts) {
    if (kind !== "rule" || !isRule.Check(row)) continue;
    const tags = rules.get(row.chain) ?? [];
    tags.push(row.comment !== undefined && /^#[0-9a-f]{12}$/.test(row.comment) ? row.comment : FOREIGN);
    rules.set(row.chain, tags);
  }
  return parts.flatMap(({ kind, row }) => objectsOf(kind, row, rules, unit));
}

function objectsOf(kind: string, row: unknown, rules: ReadonlyMap<string, string[]>, unit: OwnUnit): KernelObject[] {
  switch (kind) {
    case "table":
      return [{ kind: "nft-table" }];
    case "counter":
      return isCounter.Check(row) ? [{ kind: "nft-counter", name: row.name }] : [];
    case "chain":
      return isChain.Check(row) ? [chainOf(row, rules.get(row.name) ?? [], unit)] : [];
    case "set":
    case "map":
      return isSet.Check(row) ? [setOf(row), ...elementsOf(row)] : [];
    default:
      return [];
  }
}

/** Counters by name, and those of set elements by set and key. */
export function nftTallies(json: string): { named: Map<string, Tally>; elements: Map<string, Map<string, Tally>> } {
  const named = new Map<string, Tally>();
  const elements = new Map<string, Map<string, Tally>>();
  for (const { kind, row } of partsOf(json)) {
    if (kind === "counter" && isCounter.Check(row)) named.set(row.name, { packets: row.packets, bytes: row.bytes });
    if (kind === "set" && isSet.Check(row)) elements.set(row.name, elementTallies(row));
  }
  return { named, elements };
}

function chainOf(row: Type.Static<typeof ChainRow>, rules: string[], unit: OwnUnit): KernelObject {
  const { name, type, hook, prio, policy } = row;
  if (hook === undefined || !isBaseChain(name)) return { kind: "nft-chain", name, rules };
  const { type: t, at, priority, policy: p } = baseChains[name];
  // Elsewhere than ours is: it goes, and ours is made.
  if (type !== t || hook !== at || prio !== priority || policy !== p) return { kind: "nft-chain", name, rules };
  const own = ownRules(name, unit).map(ruleTag);
  const guarded = own.every((tag, i) => rules[i] === tag);
  return { kind: "nft-base-chain", name, rules: guarded ? rules.slice(own.length) : [FOREIGN, ...rules] };
}

const setTypesOf = (type: string | string[]) => typesOf(type) as SetType[];

function setOf(row: SetRow): KernelObject {
  const { name, type, map, flags = [], stmt, size, timeout } = row;
  return {
    kind: "nft-set",
    name,
    key: setTypesOf(type),
    ...(map === undefined ? {} : { value: setTypesOf(map) }),
    interval: flags.includes("interval"),
    counter: stmt !== undefined,
    // libnftables 1.0.6 does not say that a set is dynamic; of ours only those have a size.
    ...(size === undefined ? {} : { dynamic: timeout === undefined ? { size } : { size, timeoutSeconds: timeout } }),
  };
}

function elementsOf(row: SetRow): KernelObject[] {
  // What is in a dynamic set is the kernel's own business.
  if (row.size !== undefined) return [];
  const keyTypes = typesOf(row.type);
  const valueTypes = typesOf(row.map ?? []);
  return (row.elem ?? []).map((entry) => {
    const [key, value] = row.map !== undefined && Array.isArray(entry) ? entry : [entry, undefined];
    const about = { kind: "nft-element" as const, set: row.name, key: datum(key, keyTypes) };
    return value === undefined ? about : { ...about, value: datum(value, valueTypes) };
  });
}

const Tallied = Type.Object({ packets: Type.Number(), bytes: Type.Number() });
const Counted = Compile(Type.Object({ elem: Type.Object({ val: Type.Unknown(), counter: Tallied }) }));

function elementTallies(row: SetRow): Map<string, Tally> {
  const types = typesOf(row.type);
  return new Map(
    (row.elem ?? []).flatMap((entry) =>
      Counted.Check(entry) ? [[datum(entry.elem.val, types), entry.elem.counter] as const] : [],
    ),
  );
}

/** The type of each part of a concatenation; maps name theirs in one text. */
const typesOf = (type: string | string[]): string[] => (typeof type === "string" ? type.split(" . ") : type);

/** A value as we write it: `10.0.0.0/24`, `80-90`, `10.0.0.1 . tcp . 80`, `0x0000002a`. */
function datum(value: unknown, types: readonly string[]): string {
  if (typeof value === "number") return types[0] === "mark" ? `0x${value.toString(16).padStart(8, "0")}` : `${value}`;
  if (typeof value === "string") return types[0] === "ifname" ? `"${value}"` : value;
  const object = (value ?? {}) as Record<string, unknown>;
  if (Array.isArray(object["concat"])) return object["concat"].map((v, i) => datum(v, types.slice(i))).join(" . ");
  if (Array.isArray(object["range"])) return object["range"].map((v) => datum(v, types)).join("-");
  if (object["elem"]) return datum((object["elem"] as Record<string, unknown>)["val"], types);
  const prefix = object["prefix"] as { addr?: string; len?: number } | undefined;
  return prefix ? `${prefix.addr}/${prefix.len}` : JSON.stringify(value);
}
