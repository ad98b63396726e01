import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from "../net/ipv4.ts";
import { BROADCAST_MAC, type Mac } from "../net/mac.ts";
import { BOOTREPLY, type DhcpMessage, NO_FILE, NO_SNAME } from "../wire/dhcp.ts";
import { dhcpOption, messageTypes, type OptionCode } from "../wire/dhcp-option-codes.ts";
import type { OptionSet } from "../wire/dhcp-options.ts";
import type { Parameters } from "./boot-fields.ts";
import { INFINITE_SECONDS } from "./lease.ts";
import type { DhcpRequest } from "./request.ts";
import type { Scope } from "./scope.ts";

export const SERVER_PORT = 67;
const CLIENT_PORT = 68;

type ReplyType = "OFFER" | "ACK" | "NAK";

/** A message and where it goes. */
export interface Reply {
  readonly type: ReplyType;
  readonly message: DhcpMessage;
  readonly mac: Mac;
  readonly ip: Ipv4;
  readonly port: number;
  /** Bytes of an IP packet it may have. */
  readonly maxSize: number;
}

/** An address for so long; without `lease`, only the parameters (an answer to INFORM). */
interface Grant {
  readonly ip: Ipv4;
  readonly parameters: Parameters;
  readonly isLease: boolean;
}

/** RFC 2131 table 3. */
export function grant(type: "OFFER" | "ACK", scope: Scope, request: DhcpRequest, given: Grant): Reply {
  const options = protocolOptions(type, scope);
  if (given.isLease) putTimes(options, scope);
  const { siaddr, sname, file } = given.parameters;
  putParameters(options, given.parameters.options, request.parameters);
  putEchoes(options, request);
  const message: DhcpMessage = {
    ...blank(request),
    ciaddr: type === "ACK" ? request.message.ciaddr : UNSPECIFIED,
    yiaddr: given.isLease ? given.ip : UNSPECIFIED,
    siaddr,
    sname,
    file,
    options,
  };
  return { type, message, ...destinationOf(request, given.ip), maxSize: Math.min(request.maxSize, scope.mtu) };
}

/** A relay has to broadcast it, for the client may have no address that works. RFC 2131 §4.1, §4.3.2. */
export function refusal(scope: Scope, request: DhcpRequest, why: string): Reply {
  const options = protocolOptions("NAK", scope);
  put(options, dhcpOption.message, why);
  putEchoes(options, request);
  const relayed = request.message.giaddr !== UNSPECIFIED;
  const message = { ...blank(request), broadcast: relayed || request.message.broadcast, options };
  const destination = relayed ? toRelay(request) : { mac: BROADCAST_MAC, ip: LIMITED_BROADCAST, port: CLIENT_PORT };
  return { type: "NAK", message, ...destination, maxSize: Math.min(request.maxSize, scope.mtu) };
}

type Destination = Pick<Reply, "mac" | "ip" | "port">;

const toRelay = ({ message, arrival }: DhcpRequest): Destination => ({
  mac: arrival.from,
  ip: message.giaddr,
  port: SERVER_PORT,
});

/** RFC 2131 §4.1. A client's hardware address is the frame's source, as was checked before. */
function destinationOf(request: DhcpRequest, given: Ipv4): Destination {
  const { giaddr, ciaddr, broadcast } = request.message;
  if (giaddr !== UNSPECIFIED) return toRelay(request);
  if (ciaddr !== UNSPECIFIED) return { mac: request.mac, ip: ciaddr, port: CLIENT_PORT };
  // An INFORM may show no address at all.
  if (given === UNSPECIFIED) return { mac: request.mac, ip: LIMITED_BROADCAST, port: CLIENT_PORT };
  if (broadcast) return { mac: BROADCAST_MAC, ip: LIMITED_BROADCAST, port: CLIENT_PORT };
  return { mac: request.mac, ip: given, port: CLIENT_PORT };
}

function blank({ message }: DhcpRequest): DhcpMessage {
  return {
    op: BOOTREPLY,
    htype: message.htype,
    hlen: message.hlen,
    hops: 0,
    xid: message.xid,
    secs: 0,
    broadcast: message.broadcast,
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: message.giaddr,
    chaddr: message.chaddr,
    sname: NO_SNAME,
    file: NO_FILE,
    options: new Map(),
  };
}

type Options = Map<number, Uint8Array>;

const put = <T>(options: Options, { code, value }: OptionCode<T>, content: T) =>
  options.set(code, value.encode(content));

function protocolOptions(type: ReplyType, scope: Scope): Options {
  const options: Options = new Map();
  put(options, dhcpOption.messageType, messageTypes[type]);
  put(options, dhcpOption.serverId, scope.server);
  return options;
}

function putTimes(options: Options, { leaseSeconds, renewSeconds, rebindSeconds }: Scope): void {
  put(options, dhcpOption.leaseTime, leaseSeconds);
  if (leaseSeconds === INFINITE_SECONDS) return;
  put(options, dhcpOption.renewalTime, renewSeconds);
  put(options, dhcpOption.rebindingTime, rebindSeconds);
}

/** The same lease for so many seconds, which are fewer; its client comes again at half of them (RFC 2131 §4.4.5). */
export function withLeaseTime(reply: Reply, seconds: number): Reply {
  const options: Options = new Map(reply.message.options);
  put(options, dhcpOption.leaseTime, Math.min(seconds, INFINITE_SECONDS));
  if (seconds < INFINITE_SECONDS) {
    put(options, dhcpOption.renewalTime, Math.floor(seconds / 2));
    put(options, dhcpOption.rebindingTime, Math.floor((seconds * 7) / 8));
  }
  return { ...reply, message: { ...reply.message, options } };
}

/** Not RFC 3442's number; clients that know it ask for it, and others would read it as something else. */
const ONLY_IF_ASKED = new Set([dhcpOption.classlessRoutesMicrosoft.code]);

/** The mask, then what was asked for in the order asked (RFC 2132 §9.8), then all else there is to say. */
function putParameters(options: Options, configured: OptionSet, asked: readonly number[] = []): void {
  for (const code of [dhcpOption.subnetMask.code, ...asked]) {
    const data = configured.get(code);
    if (data) options.set(code, data);
  }
  for (const [code, data] of configured) if (!ONLY_IF_ASKED.has(code) && !options.has(code)) options.set(code, data);
}

/** The client's identifier (RFC 6842) and its relay's note (RFC 3046 §2.2) go back as they came. */
function putEchoes(options: Options, { message }: DhcpRequest): void {
  for (const { code } of [dhcpOption.clientId, dhcpOption.relayAgent]) {
    const data = message.options.get(code);
    if (data) options.set(code, data);
  }
}
