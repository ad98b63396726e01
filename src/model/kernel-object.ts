import Type from "typebox";
import { address, closed, interfaceAddress, mac, prefix } from "./text.ts";

const kind = <K extends string>(name: K) => Type.Literal(name);
const linkName = Type.String({ pattern: "^[A-Za-z0-9_.-]{1,15}$" });
const nftName = Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,62}$" });
/** One nft statement or expression: a single line that can neither end nor comment out what follows it. */
const nftText = Type.String({ pattern: "^[^;#\\\\\\n\\r]{1,4000}$" });
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
  /** `spec`: the body as nft takes it, such as `type ipv4_addr : ipv4_addr`. */
  "nft-set": closed({
    kind: kind("nft-set"),
    name: nftName,
    keyType: nftText,
    valueType: Type.Optional(nftText),
    interval: Type.Boolean(),
    counter: Type.Boolean(),
  }),
  "nft-element": closed({ kind: kind("nft-element"), set: nftName, key: nftText, value: Type.Optional(nftText) }),
  "nft-chain": closed({
    kind: kind("nft-chain"),
    name: nftName,
    hook: Type.Optional(
      closed({
        type: Type.Enum(["filter", "nat"]),
        at: Type.Enum(["prerouting", "input", "forward", "output", "postrouting"]),
        priority: Type.Integer({ minimum: -400, maximum: 400 }),
        policy: Type.Enum(["accept", "drop"]),
      }),
    ),
    /** In order. A rule read back from the kernel stands as its {@link ruleTag}. */
    rules: Type.Array(Type.String({ pattern: "^(#[0-9a-f]{12}|[^;#\\\\\\n\\r]{1,4000})$" })),
  }),
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
