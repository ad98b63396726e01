import Type from "typebox";
import { baseChainNames } from "./nft/base-chain.ts";
import { ELEMENT_PATTERN } from "./nft/element.ts";
import { setTypes } from "./nft/field.ts";
import { linkName, nftName, Rule } from "./nft/rule.ts";
import { address, closed, interfaceAddress, mac, prefix } from "./text.ts";

const kind = <K extends string>(name: K) => Type.Literal(name);
const elementPart = Type.String({ pattern: ELEMENT_PATTERN });
const SetTypes = Type.Array(Type.Enum([...setTypes]), { minItems: 1, maxItems: 5 });
/** In order. A rule read back from the kernel stands as its tag (nft/rule-text.ts). */
const Rules = Type.Array(Type.Union([Type.String({ pattern: "^#[0-9a-f]{12}$" }), Rule]));
const tableId = Type.Integer({ minimum: 100, maximum: 199 });
const hex = Type.String({ pattern: "^([0-9a-f]{2})*$", maxLength: 512 });

/** Everything this gateway may own in the kernel. Anything not listed here, it never touches. */
export const rows = {
  /** The veth pair `name` (where the stack sees inner packets) and `peer` (which only injects). */
  "veth-pair": closed({
    kind: kind("veth-pair"),
    name: linkName,
    peer: linkName,
    mac: mac("Of `name`; frames injected must be addressed to it."),
    mtu: Type.Integer({ minimum: 576, maximum: 65535 }),
  }),
  /** The most bytes the kernel merges into one packet on receiving: less than 64 KB by the room a tunnel header takes. */
  "gro-limit": closed({
    kind: kind("gro-limit"),
    link: linkName,
    bytes: Type.Integer({ minimum: 1500, maximum: 65535 }),
  }),
  address: closed({ kind: kind("address"), link: linkName, address: interfaceAddress("Without a prefix route.") }),
  neighbour: closed({ kind: kind("neighbour"), link: linkName, address: address("Next hop."), mac: mac("Permanent.") }),
  route: closed({
    kind: kind("route"),
    table: tableId,
    prefix: prefix("Destination."),
    link: linkName,
    via: Type.Optional(address("Next hop, taken to be on the link.")),
    source: Type.Optional(address("Preferred source of what the gateway itself sends.")),
    mtu: Type.Optional(Type.Integer({ minimum: 576, maximum: 65535 })),
  }),
  rule: closed({
    kind: kind("rule"),
    priority: Type.Integer({ minimum: 10000, maximum: 10999 }),
    table: tableId,
    link: Type.Optional(linkName),
    from: Type.Optional(prefix("Source.")),
    /** Packets that nftables, or a packet they answer, gave this mark. */
    mark: Type.Optional(Type.Integer({ minimum: 1, maximum: 0xffff_ffff })),
  }),
  sysctl: closed({
    kind: kind("sysctl"),
    name: Type.String({ pattern: "^net/(ipv4|ipv6|netfilter)/[A-Za-z0-9_./-]{1,80}$" }),
    value: Type.String({ pattern: "^\\d{1,10}$" }),
    /** What it goes back to when the gateway is removed. */
    restore: Type.String({ pattern: "^\\d{1,10}$" }),
  }),
  "nft-table": closed({ kind: kind("nft-table") }),
  "nft-counter": closed({ kind: kind("nft-counter"), name: nftName }),
  /** A map if it has a `value`. */
  "nft-set": closed({
    kind: kind("nft-set"),
    name: nftName,
    key: SetTypes,
    value: Type.Optional(SetTypes),
    /** Values may be ranges. */
    valueRange: Type.Optional(Type.Literal(true)),
    interval: Type.Boolean(),
    counter: Type.Boolean(),
    /** Rules fill it, with no more elements than `size`; left out: only elements that are told are in it. */
    dynamic: Type.Optional(
      closed({
        size: Type.Integer({ minimum: 1, maximum: 1_048_576 }),
        /** How long an element stays without being seen. */
        timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
      }),
    ),
  }),
  "nft-element": closed({
    kind: kind("nft-element"),
    set: nftName,
    key: elementPart,
    value: Type.Optional(elementPart),
  }),
  /** One of the fixed list of places where the kernel calls in, with the rules that follow its guard. */
  "nft-base-chain": closed({ kind: kind("nft-base-chain"), name: Type.Enum(baseChainNames), rules: Rules }),
  /** A chain that others jump to. */
  "nft-chain": closed({ kind: kind("nft-chain"), name: nftName, rules: Rules }),
  "bpf-entry": closed({ kind: kind("bpf-entry"), map: nftName, key: hex, value: hex }),
  "bpf-program": closed({
    kind: kind("bpf-program"),
    link: linkName,
    direction: Type.Enum(["ingress", "egress"]),
    place: Type.Enum([0, 1]),
    program: nftName,
  }),
} satisfies Record<string, Type.TSchema>;

type Rows = typeof rows;
export type KernelObject = { [K in keyof Rows]: Readonly<Type.Static<Rows[K]>> }[keyof Rows];
export type KernelKind = KernelObject["kind"];
export type ObjectOf<K extends KernelKind> = Extract<KernelObject, { kind: K }>;

/** The switch that lets packets through: turned on last, off first. */
export const FORWARDING = "net/ipv4/ip_forward";
