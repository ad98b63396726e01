import { PcgError } from "../base/error.ts";
import { CONNECTION_IS_OURS, type Connection } from "../model/connection.ts";
import { Ipv4 } from "../net/ipv4.ts";
import { attribute, attributesOf, concat, nested, netlinkMessage } from "../wire/netlink.ts";

/** Connection tracking over netlink: linux/netfilter/nfnetlink_conntrack.h. Numbers inside attributes are big-endian. */
const NFNL_SUBSYS_CTNETLINK = 1;
const GET = 1;
const DELETE = 2;
const GET_STATS_CPU = 4;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
const AF_INET = 2;
const NFGENMSG_BYTES = 4;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_MARK = 8;
const CTA_ID = 12;
const CTA_MARK_MASK = 21;
const CTA_FILTER = 25;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
const CTA_PROTO_ICMP_ID = 4;
const CTA_PROTO_ICMP_TYPE = 5;
const CTA_PROTO_ICMP_CODE = 6;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
/** Which parts of a tuple a filter compares: CTA_FILTER_F_* of net/netfilter/nf_conntrack_core. */
const COMPARE_SOURCE = 1 << 0;
const COMPARE_DESTINATION = 1 << 1;

const ICMP = 1;
/** The protocols whose tuples have ports: TCP, UDP, DCCP, SCTP, UDP-Lite; and GRE, whose keys stand in their place. */
const withPorts = new Set([6, 17, 33, 132, 136, 47]);

/** What of a connection must be so. Left out: anything. */
export interface ConnectionFilter {
  /** Left out: any of ours. */
  readonly mark?: number;
  readonly source?: Ipv4;
  readonly replySource?: Ipv4;
  readonly replyDestination?: Ipv4;
}

const type = (message: number) => (NFNL_SUBSYS_CTNETLINK << 8) | message;

const request = (message: number, flags: number, ...attributes: readonly Uint8Array[]) =>
  netlinkMessage(type(message), NLM_F_REQUEST | flags, concat([Uint8Array.of(AF_INET, 0, 0, 0), ...attributes]));

function big(bytes: 2 | 4, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 2) view.setUint16(0, value);
  else view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

/** Lists those of ours that fit. */
export const listRequest = (filter: ConnectionFilter = {}): Uint8Array =>
  request(GET, NLM_F_DUMP, ...filterAttributes(filter));

/** Ends those of ours that fit, inside the kernel, without a list of them. */
export const endRequest = (filter: ConnectionFilter): Uint8Array =>
  request(DELETE, NLM_F_ACK, ...filterAttributes(filter));

/** Asks for one connection by its first packet. */
export const findRequest = (connection: Connection): Uint8Array => request(GET, 0, tupleOf(connection));

/** Ends one, if it is still the one with this id. */
export const endOneRequest = (connection: Connection, id: number): Uint8Array =>
  request(DELETE, NLM_F_ACK, tupleOf(connection), attribute(CTA_ID, big(4, id)));

/** What connection tracking counted, for each processor. */
export const statisticsRequest = (): Uint8Array => request(GET_STATS_CPU, NLM_F_DUMP);

function filterAttributes({ mark, source, replySource, replyDestination }: ConnectionFilter): Uint8Array[] {
  const exact = mark !== undefined;
  const marks = [
    attribute(CTA_MARK, big(4, exact ? mark : CONNECTION_IS_OURS)),
    attribute(CTA_MARK_MASK, big(4, exact ? 0xffff_ffff : CONNECTION_IS_OURS)),
  ];
  const original = addresses(source, undefined);
  const reply = addresses(replySource, replyDestination);
  if (original.flags === 0 && reply.flags === 0) return marks;
  return [
    ...marks,
    ...(original.flags ? [nested(CTA_TUPLE_ORIG, original.tuple)] : []),
    ...(reply.flags ? [nested(CTA_TUPLE_REPLY, reply.tuple)] : []),
    nested(
      CTA_FILTER,
      attribute(CTA_FILTER_ORIG_FLAGS, little(original.flags)),
      attribute(CTA_FILTER_REPLY_FLAGS, little(reply.flags)),
    ),
  ];
}

/** Flags are the one thing in here that is in host order. */
function little(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

function addresses(source: Ipv4 | undefined, destination: Ipv4 | undefined) {
  const flags = (source === undefined ? 0 : COMPARE_SOURCE) | (destination === undefined ? 0 : COMPARE_DESTINATION);
  const inner = [
    ...(source === undefined ? [] : [attribute(CTA_IP_V4_SRC, big(4, source))]),
    ...(destination === undefined ? [] : [attribute(CTA_IP_V4_DST, big(4, destination))]),
  ];
  return { flags, tuple: nested(CTA_TUPLE_IP, ...inner) };
}

function tupleOf({ protocol, source, destination, sport, dport }: Connection): Uint8Array {
  const ip = [attribute(CTA_IP_V4_SRC, big(4, source)), attribute(CTA_IP_V4_DST, big(4, destination))];
  const proto = [attribute(CTA_PROTO_NUM, Uint8Array.of(protocol)), ...transport(protocol, sport, dport)];
  return nested(CTA_TUPLE_ORIG, nested(CTA_TUPLE_IP, ...ip), nested(CTA_TUPLE_PROTO, ...proto));
}

function transport(protocol: number, sport: number, dport: number): Uint8Array[] {
  if (protocol === ICMP)
    return [
      attribute(CTA_PROTO_ICMP_ID, big(2, sport)),
      attribute(CTA_PROTO_ICMP_TYPE, Uint8Array.of(dport >> 8)),
      attribute(CTA_PROTO_ICMP_CODE, Uint8Array.of(dport & 0xff)),
    ];
  if (!withPorts.has(protocol)) return [];
  return [attribute(CTA_PROTO_SRC_PORT, big(2, sport)), attribute(CTA_PROTO_DST_PORT, big(2, dport))];
}

/** A message that speaks of a connection. @throws WIRE_* */
export function connectionOf(payload: Uint8Array): { readonly connection: Connection; readonly id: number } {
  const parts = byType(afterHeader(payload));
  const original = tuple(parts.get(CTA_TUPLE_ORIG));
  const reply = tuple(parts.get(CTA_TUPLE_REPLY));
  const connection = {
    protocol: original.protocol,
    source: original.source,
    destination: original.destination,
    sport: original.sport,
    dport: original.dport,
    replySource: reply.source,
    replyDestination: reply.destination,
    replySport: reply.sport,
    replyDport: reply.dport,
    mark: number(parts.get(CTA_MARK)),
  };
  return { connection, id: number(parts.get(CTA_ID)) };
}

const afterHeader = (payload: Uint8Array) => {
  if (payload.length < NFGENMSG_BYTES) throw new PcgError("WIRE_TRUNCATED", { what: "nfgenmsg" });
  return payload.subarray(NFGENMSG_BYTES);
};

const byType = (bytes: Uint8Array) => new Map([...attributesOf(bytes)].map(({ type, value }) => [type, value]));

const NOTHING = new Uint8Array(0);

/** A big-endian number of one, two or four bytes; 0 when it is not there. */
function number(value: Uint8Array = NOTHING): number {
  let n = 0;
  for (const byte of value.subarray(0, 4)) n = n * 256 + byte;
  return n;
}

function tuple(value: Uint8Array = NOTHING) {
  const parts = byType(value);
  const ip = byType(parts.get(CTA_TUPLE_IP) ?? NOTHING);
  const proto = byType(parts.get(CTA_TUPLE_PROTO) ?? NOTHING);
  const protocol = number(proto.get(CTA_PROTO_NUM));
  const icmp = protocol === ICMP;
  return {
    protocol,
    source: Ipv4(number(ip.get(CTA_IP_V4_SRC))),
    destination: Ipv4(number(ip.get(CTA_IP_V4_DST))),
    sport: number(proto.get(icmp ? CTA_PROTO_ICMP_ID : CTA_PROTO_SRC_PORT)),
    dport: icmp
      ? number(proto.get(CTA_PROTO_ICMP_TYPE)) * 256 + number(proto.get(CTA_PROTO_ICMP_CODE))
      : number(proto.get(CTA_PROTO_DST_PORT)),
  };
}

/** What connection tracking counts where no rule can: enum ctattr_stats_cpu. */
const CTA_STATS_INSERT_FAILED = 9;
const CTA_STATS_DROP = 10;
const CTA_STATS_EARLY_DROP = 11;

export interface TrackingStatistics {
  /** First packets dropped as no port or entry was free for their connection. */
  readonly insertFailed: number;
  /** First packets dropped as the table was full. */
  readonly full: number;
  /** Connections without an answer that made room for new ones. */
  readonly reclaimed: number;
}

/** One processor's part of the statistics. @throws WIRE_* */
export function statisticsOf(payload: Uint8Array): TrackingStatistics {
  const parts = byType(afterHeader(payload));
  return {
    insertFailed: number(parts.get(CTA_STATS_INSERT_FAILED)),
    full: number(parts.get(CTA_STATS_DROP)),
    reclaimed: number(parts.get(CTA_STATS_EARLY_DROP)),
  };
}
