import { drops } from "../drops.ts";
import { passes } from "./passes.ts";
import { encode, type Struct, type ValueOf } from "./struct.ts";

/** DSCP value that means: take the inner packet's. */
export const DSCP_INHERIT = 255;

/** Structs that eBPF programs and this program both read and write. generate.ts makes the C of them. */
export const structs = {
  index: { index: "u32" },
  address: { address: "ipv4" },
  /**
   * What this gateway is, as wished. `dscp` is 0..63 or {@link DSCP_INHERIT}; a limit of 0 lets nothing pass. `flowCache`
   * is 0 for off, or of how many packets of a new connection one teaches it to the flow cache: a power of two.
   */
  gateway: {
    tep: "ipv4",
    label: "be32",
    dhcpPerSecond: "u32",
    oamPerSecond: "u32",
    dhcpPerPort: "u32",
    oamPerTep: "u32",
    port: "be16",
    optionClass: "be16",
    routerMac: "mac",
    optionType: "u8",
    fullChecksum: "u8",
    dscp: "u8",
    ttl: "u8",
    flowCache: "u8",
  },
  /** Interface indexes, as found. `overlayIn` is the peer that injects into `overlay`. */
  devices: { uplink: "u32", downlink: "u32", overlay: "u32", overlayIn: "u32" },
  /** Where an overlay address lives. */
  endpoint: { tep: "ipv4", vni: "u32", mac: "mac" },
  /** A NIC that exists, whether or not its address is known yet. */
  member: { vni: "u32", tep: "ipv4", mac: "mac" },
  vni: { vni: "u32" },
  /** Where the kernel last said a tunnel endpoint is, and in which second. */
  nextHop: { device: "u32", second: "u32", to: "mac", from: "mac" },
  /** Addresses of this gateway on a segment; `dhcpServer` is the same as `gateway` where nothing else was wished. */
  segment: { gateway: "ipv4", dhcpServer: "ipv4" },
  segmentTep: { vni: "u32", tep: "ipv4" },
  present: { present: "u8" },
  generation: { number: "u32" },
  /** What a packet of a connection shows where it comes in; `side` is an index of {@link sides}. */
  flowKey: {
    source: "ipv4",
    destination: "ipv4",
    sport: "be16",
    dport: "be16",
    protocol: "u8",
    side: "u8",
    reserved: "be16",
  },
  /**
   * What is done with it. Addresses and ports are those it leaves with; the sums correct its checksum. `until` is in
   * units of 2^20 ns since boot, `since` of 2^30. `side` is where its answers come in. `mark` and `reply` say whose
   * translation it is, as ruleDirection. `tep` is zero for what leaves without a tunnel, `senderTep` for what comes
   * without one.
   */
  flow: {
    packets: "u64",
    bytes: "u64",
    source: "ipv4",
    destination: "ipv4",
    sport: "be16",
    dport: "be16",
    addressSum: "u32",
    portSum: "u32",
    generation: "u32",
    until: "u32",
    since: "u32",
    mark: "u32",
    reply: "u32",
    device: "u32",
    mtu: "u32",
    tep: "ipv4",
    vni: "u32",
    hash: "u32",
    senderTep: "ipv4",
    senderVni: "u32",
    to: "mac",
    from: "mac",
    mac: "mac",
    senderMac: "mac",
    side: "u8",
  },
  ruleDirection: { mark: "u32", reply: "u32" },
  counter: { packets: "u64", bytes: "u64" },
  /** A prefix of sources as one side takes them: `side` is an index of {@link sides}. A trie's key: its bits come first. */
  sourceKey: { bits: "u32", side: "u32", address: "ipv4" },
  /** What is believed of packets from there, an index of {@link beliefs}; and the drop reason of all others. */
  source: { reason: "u32", believed: "u32" },
  /** When the next control packet of a class would come exactly at its rate, in nanoseconds since boot. */
  budget: { due: "u64" },
  /** Who pays for fragments. Of what comes by the uplink, the destination too, and everyone: zeroes. */
  payer: { source: "ipv4", destination: "ipv4", side: "u32" },
  datagramKey: { source: "ipv4", destination: "ipv4", id: "be16", protocol: "u8", side: "u8" },
  /** Fragments of a datagram that is not complete: since when, the memory they take, and where the next one begins. */
  datagram: { begun: "u64", charged: "u32", next: "u32" },
  /** Whose control packets: a segment port's, or with neither VNI nor MAC a tunnel endpoint's. */
  controlSender: { vni: "u32", tep: "ipv4", mac: "mac", class: "u8" },
} as const satisfies Record<string, Struct>;

/** Classes of control packets, each with a budget of its own. */
export const controlClasses = ["dhcp", "oam"] as const;

/** Ways for a packet to come in: from the Internet, from a VM, from the VPC beside the tunnel. */
export const sides = ["uplink", "overlay", "underlay"] as const;

/**
 * What is believed of packets from a source. `errors`: ICMP errors alone; `router`: these and DHCP's answers; `gateway`:
 * what is for the gateway's own tunnel endpoint.
 */
export const beliefs = ["all", "errors", "router", "gateway", "nothing"] as const;

interface MapRow {
  readonly type: "ARRAY" | "HASH" | "LRU_HASH" | "LPM_TRIE" | "PERCPU_ARRAY";
  readonly key: keyof typeof structs;
  readonly value: keyof typeof structs;
  readonly entries: number;
}

const one = <V extends keyof typeof structs>(value: V) => ({ type: "ARRAY", key: "index", value, entries: 1 }) as const;
const hash = <K extends keyof typeof structs, V extends keyof typeof structs>(key: K, value: V) =>
  ({ type: "HASH", key, value, entries: 131_072 }) as const;

/** Every map shared by the programs, the door and the counters. A HASH or LPM_TRIE grows with what is in it (NO_PREALLOC). */
export const maps = {
  gateway: one("gateway"),
  /** Written by whoever makes the links, as only it knows their indexes. */
  devices: one("devices"),
  endpoints: hash("address", "endpoint"),
  members: hash("member", "present"),
  teps: hash("address", "present"),
  segment_teps: hash("segmentTep", "present"),
  segments: hash("vni", "segment"),
  /** Secondary address → EIP, on the way in. */
  canonical_in: hash("address", "address"),
  /** EIP → secondary address, on the way out. */
  canonical_out: hash("address", "address"),
  /** Sources that leave the uplink as they are. */
  uplink_own: hash("address", "present"),
  /** Which sources a side may carry beside the tunnel; the longest prefix counts, and what has none is believed. */
  sources: { type: "LPM_TRIE", key: "sourceKey", value: "source", entries: 131_072 },
  /** A memory of the program's own: asking the FIB for each packet costs as much as the encapsulation. */
  next_hops: { type: "LRU_HASH", key: "address", value: "nextHop", entries: 16_384 },
  /** Connections the kernel has let through, as their next packets are to be treated: see lib/flow.h. */
  flows: { type: "LRU_HASH", key: "flowKey", value: "flow", entries: 131_072 },
  /** Flows of another generation are void. */
  flow_generation: one("generation"),
  /** What flows that are no more carried for each translation, beside what nftables counted. */
  flow_counters: hash("ruleDirection", "counter"),
  /** Of each sender its own. Senders are known ones, so there are no more than members and tunnel endpoints. */
  sender_budgets: { type: "LRU_HASH", key: "controlSender", value: "budget", entries: 16_384 },
  control_budget: { type: "ARRAY", key: "index", value: "budget", entries: controlClasses.length },
  /** A share of the memory in which fragments wait, per sender: see lib/fragments.h. */
  fragment_budgets: { type: "LRU_HASH", key: "payer", value: "budget", entries: 16_384 },
  datagrams: { type: "LRU_HASH", key: "datagramKey", value: "datagram", entries: 65_536 },
  drops: { type: "PERCPU_ARRAY", key: "index", value: "counter", entries: Object.keys(drops).length },
  passes: { type: "PERCPU_ARRAY", key: "index", value: "counter", entries: Object.keys(passes).length },
} as const satisfies Record<string, MapRow>;

export type MapName = keyof typeof maps;
export type MapKey<M extends MapName> = ValueOf<(typeof structs)[(typeof maps)[M]["key"]]>;
export type MapValue<M extends MapName> = ValueOf<(typeof structs)[(typeof maps)[M]["value"]]>;

type Loose = (struct: Struct, value: unknown) => Uint8Array;

export const encodeKey = <M extends MapName>(map: M, key: MapKey<M>): Uint8Array =>
  (encode as Loose)(structs[maps[map].key], key);

export const encodeValue = <M extends MapName>(map: M, value: MapValue<M>): Uint8Array =>
  (encode as Loose)(structs[maps[map].value], value);
