import Type from "typebox";
import { address, closed, ports, prefix } from "../text.ts";
import {
  addressTypes,
  ctStates,
  ctStatuses,
  directions,
  fieldsByType,
  type KeyField,
  keyFields,
  protocolNames,
  tcpFlags,
} from "./field.ts";

/**
 * The grammar of a rule: a list of matches and statements, each a closed object with checked values. The privileged
 * side renders it (rule-text.ts); no text of a caller ever reaches nft. Whoever writes rules uses the constructors in
 * datapath/nft-rule.ts, which read like nft.
 */

export const linkName = Type.String({ pattern: "^[A-Za-z0-9_.-]{1,15}$" });
/** Of a chain, set or counter: starts with a letter, so that nft never takes it for a number. */
export const nftName = Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,126}$" });
const mark = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const rate = Type.Integer({ minimum: 1, maximum: 10_000_000 });
const burst = Type.Integer({ minimum: 1, maximum: 10_000_000 });

/** More values than this belong into a set of their own. */
const MOST_VALUES = 4_096;
const some = <S extends Type.TSchema>(schema: S) => Type.Array(schema, { minItems: 1, maxItems: MOST_VALUES });
const not = Type.Optional(Type.Literal(true));
const Key = Type.Array(Type.Enum([...keyFields] as KeyField[]), { minItems: 1, maxItems: 5 });

const matches = [
  closed({ if: Type.Enum([...fieldsByType.ifname]), is: some(linkName), not }),
  closed({ if: Type.Enum([...fieldsByType.ipv4_addr]), is: some(prefix("Network.")), not }),
  closed({ if: Type.Enum([...fieldsByType.inet_proto]), is: some(Type.Enum(protocolNames)), not }),
  closed({ if: Type.Enum([...fieldsByType.inet_service]), is: some(ports("Ports.")), not }),
  closed({ if: Type.Enum([...fieldsByType.mark]), is: some(mark), not }),
  closed({ if: Type.Enum([...fieldsByType.ct_dir]), is: some(Type.Enum([...directions])) }),
  closed({ if: Type.Literal("icmp type"), is: some(Type.Integer({ minimum: 0, maximum: 255 })), not }),
  closed({ if: Type.Literal("fib daddr type"), is: some(Type.Enum([...addressTypes])), not }),
  /** Any of these. */
  closed({ if: Type.Literal("ct state"), any: some(Type.Enum([...ctStates])) }),
  closed({ if: Type.Literal("ct status"), any: some(Type.Enum([...ctStatuses])) }),
  /** Of the flags `of`, exactly those in `are` are set. */
  closed({ if: Type.Literal("tcp flags"), of: some(Type.Enum([...tcpFlags])), are: some(Type.Enum([...tcpFlags])) }),
  /** The packet is a fragment: more follow, or its offset is not 0. */
  closed({ if: Type.Literal("fragment") }),
  /** The source is reached by another interface than the packet came by, or not at all: strict reverse path. */
  closed({ if: Type.Literal("no reverse path") }),
  closed({ if: Type.Literal("tcp maxseg"), over: Type.Integer({ minimum: 1, maximum: 65_535 }) }),
  /** A look-up in a set. */
  closed({ if: Type.Literal("in set"), key: Key, set: nftName, not }),
] as const;

const Verdict = Type.Union([
  closed({ do: Type.Enum(["accept", "drop", "return"]) }),
  closed({ do: Type.Enum(["jump", "goto"]), chain: nftName }),
]);
export type Verdict = Type.Static<typeof Verdict>;

const Translate = Type.Enum(["snat", "dnat"]);

const statements = [
  closed({ do: Type.Enum(["accept", "drop", "return"]) }),
  closed({ do: Type.Enum(["jump", "goto"]), chain: nftName }),
  closed({ do: Type.Literal("count"), counter: nftName }),
  closed({
    do: Type.Literal("vmap"),
    on: Type.Literal("iifname"),
    to: some(Type.Tuple([linkName, Verdict])),
  }),
  closed({
    do: Type.Literal("vmap"),
    on: Type.Literal("ct state"),
    to: some(Type.Tuple([Type.Enum([...ctStates]), Verdict])),
  }),
  closed({ do: Translate, to: address("New address."), ports: Type.Optional(ports("New ports.")) }),
  /** `ports`: the map's values are addresses with ports. */
  closed({ do: Translate, key: Key, map: nftName, ports: Type.Optional(Type.Literal(true)) }),
  /** Address by address from one network into another as long. */
  closed({ do: Translate, from: prefix("Matched."), into: prefix("As long.") }),
  closed({ do: Type.Enum(["set ct mark", "set meta mark"]), to: mark }),
  closed({ do: Type.Enum(["set ct mark", "set meta mark"]), key: Key, map: nftName }),
  /** A number 0..mod-1 that depends on these fields alone: which shard of a bounded set a flow counts into. */
  closed({
    do: Type.Literal("set meta mark"),
    hash: Key,
    mod: Type.Integer({ minimum: 2, maximum: 65_536 }),
  }),
  closed({ do: Type.Literal("set maxseg"), to: Type.Integer({ minimum: 88, maximum: 65_495 }) }),
  closed({ do: Type.Literal("reject"), with: Type.Enum(["tcp reset", "icmp admin-prohibited"]) }),
  /** Always with a limit, so that nobody fills the log; ends its rule. */
  closed({
    do: Type.Literal("log"),
    prefix: Type.String({ pattern: "^[A-Za-z0-9 ._:-]{1,120}$" }),
    perSecond: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  /** Goes on while (`over`: only when) packets come slower (faster) than this. */
  closed({
    do: Type.Literal("limit"),
    perSecond: rate,
    burst: Type.Optional(burst),
    over: Type.Optional(Type.Literal(true)),
  }),
  /** Counts the packet's connection under the key in a dynamic set, and goes on if there are more than `over`. */
  closed({
    do: Type.Literal("connections"),
    key: Key,
    set: nftName,
    over: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
  }),
  /** Goes on if packets of one key come faster than this. */
  closed({ do: Type.Literal("rate"), key: Key, set: nftName, over: rate, burst: Type.Optional(burst) }),
] as const;

export const Rule = Type.Array(Type.Union([...matches, ...statements]), { minItems: 1, maxItems: 32 });
export type Match = Type.Static<(typeof matches)[number]>;
export type Statement = Type.Static<(typeof statements)[number]>;
/** One match or statement. */
export type Part = Match | Statement;
/** A rule as data. What the privileged side alone may say is {@link OwnRule}. */
export type Rule = readonly Part[];
/** Rules of fixed chains and of guards: connection tracking passed by, locally generated packets told apart. */
export type OwnPart = Part | { readonly do: "notrack" } | { readonly if: "no input interface" };
export type OwnRule = readonly OwnPart[];
