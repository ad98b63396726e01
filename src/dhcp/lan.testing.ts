import type { Log } from "../base/log.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { DhcpServer } from "../model/dhcp.ts";
import type { Segment } from "../model/topology.ts";
import { formatIpv4, LIMITED_BROADCAST, parseIpv4, UNSPECIFIED } from "../net/ipv4.ts";
import { BROADCAST_MAC, type Mac, macBytes, parseMac } from "../net/mac.ts";
import { Vni } from "../net/vni.ts";
import { BOOTREQUEST, type DhcpMessage, dhcp } from "../wire/dhcp.ts";
import { dhcpOption, type MessageType, messageTypes, type OptionCode } from "../wire/dhcp-option-codes.ts";
import { readOption } from "../wire/dhcp-options.ts";
import { ETHERTYPE_IPV4, ethernet } from "../wire/ethernet.ts";
import { fromHex } from "../wire/hex.ts";
import { ipv4, PROTOCOL_UDP } from "../wire/ipv4.ts";
import { udp } from "../wire/udp.ts";
import type { Lease, LeaseStore } from "./lease.ts";
import type { Surroundings } from "./scope.ts";
import { DhcpService, type LeaseEvent } from "./server.ts";

export const ROUTER_MAC = parseMac("02:50:56:56:44:52");
export const GATEWAY = "192.168.100.1";
export const VNI = Vni(9096);
const TEP = parseIpv4("10.99.3.248");

export const web: Segment = {
  id: "web",
  name: "web",
  vni: VNI,
  gateway: `${GATEWAY}/24`,
  dnsName: "web.example",
};

export const webServer: DhcpServer = {
  id: "dhcp-web",
  segment: "web",
  ranges: [{ first: "192.168.100.10", last: "192.168.100.12" }],
  leaseSeconds: 600,
};

export const macOf = (n: number): Mac =>
  parseMac(`02:00:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 0xff).toString(16).padStart(2, "0")}`);

/** A store that keeps what it is given when the test says so. */
export class MemoryStore implements LeaseStore {
  readonly durable = new Map<string, Lease>();
  #waiting: { leases: readonly Lease[]; done: PromiseWithResolvers<void> }[] = [];
  /** Whether a put is durable at once. Otherwise {@link commit} makes it so. */
  isPrompt = true;

  load(): Lease[] {
    return [...this.durable.values()];
  }

  put(leases: readonly Lease[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ leases, done });
    if (this.isPrompt) this.commit();
    return done.promise;
  }

  commit(): void {
    for (const { leases, done } of this.#waiting.splice(0)) {
      for (const lease of leases) this.durable.set(`${lease.segment} ${lease.ip}`, lease);
      done.resolve();
    }
  }

  fail(): void {
    for (const { done } of this.#waiting.splice(0)) done.reject(new Error("disk is full"));
  }

  /** The machine stops: what was not durable is gone. */
  lose(): void {
    this.#waiting = [];
  }
}

/** What a client puts into a message, and how it sends it. */
export interface Says {
  readonly mac?: Mac;
  readonly clientId?: string;
  readonly requested?: string;
  readonly serverId?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly broadcast?: boolean;
  readonly parameters?: readonly number[];
  readonly options?: readonly (readonly [number, Uint8Array])[];
  readonly fields?: Partial<DhcpMessage>;
  /** Source of the packet, if other than the client's or relay's address in the message. */
  readonly source?: string;
  /** Source and destination of the frame and packet, if other than usual. */
  readonly from?: Mac;
  readonly to?: string;
  readonly toMac?: Mac;
}

export interface Answer {
  readonly type: MessageType;
  readonly toMac: Mac;
  readonly fromMac: Mac;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly size: number;
  readonly yiaddr: string;
  readonly message: DhcpMessage;
  readonly option: <T>(code: OptionCode<T>) => T | undefined;
}

function messageOf(type: MessageType, says: Says): DhcpMessage {
  const chaddr = new Uint8Array(16);
  chaddr.set(macBytes(says.mac ?? macOf(1)));
  const ip = (text: string | undefined) => (text === undefined ? UNSPECIFIED : parseIpv4(text));
  const options = new Map<number, Uint8Array>([[dhcpOption.messageType.code, Uint8Array.of(messageTypes[type])]]);
  const put = <T>({ code, value }: OptionCode<T>, content: T | undefined) =>
    content !== undefined && options.set(code, value.encode(content));
  put(dhcpOption.requestedAddress, says.requested === undefined ? undefined : parseIpv4(says.requested));
  put(dhcpOption.serverId, says.serverId === undefined ? undefined : parseIpv4(says.serverId));
  put(dhcpOption.parameterList, says.parameters);
  if (says.clientId !== undefined) options.set(dhcpOption.clientId.code, fromHex(says.clientId));
  for (const [code, data] of says.options ?? []) options.set(code, data);
  return {
    op: BOOTREQUEST,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x80000001,
    secs: 1,
    broadcast: says.broadcast ?? false,
    ciaddr: ip(says.ciaddr),
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: ip(says.giaddr),
    chaddr,
    sname: new Uint8Array(64),
    file: new Uint8Array(128),
    options,
    ...says.fields,
  };
}

/** A client's frame. */
export function frameOf(type: MessageType, says: Says = {}): Uint8Array {
  const path = {
    source: parseIpv4(says.source ?? says.ciaddr ?? says.giaddr ?? "0.0.0.0"),
    destination: says.to === undefined ? LIMITED_BROADCAST : parseIpv4(says.to),
  };
  const payload = udp.encode(
    { sourcePort: 68, destinationPort: 67, payload: dhcp.encode(messageOf(type, says), 1500) },
    path,
  );
  const rest = { dscp: 0, ecn: 0, identification: 1, dontFragment: false, moreFragments: false, fragmentOffset: 0 };
  const packet = ipv4.encode({ ...path, ...rest, ttl: 64, protocol: PROTOCOL_UDP, options: new Uint8Array(), payload });
  return ethernet.encode({
    destination: says.toMac ?? (says.to === undefined ? BROADCAST_MAC : ROUTER_MAC),
    source: says.from ?? says.mac ?? macOf(1),
    type: ETHERTYPE_IPV4,
    payload: packet,
  });
}

export function readAnswer(bytes: Uint8Array): Answer {
  const frame = ethernet.decode(bytes);
  const packet = ipv4.decode(frame.payload);
  const datagram = udp.decode(packet.payload, packet);
  const message = dhcp.decode(datagram.payload);
  const number = readOption(message.options, dhcpOption.messageType);
  const type = (Object.keys(messageTypes) as MessageType[]).find((name) => messageTypes[name] === number);
  if (!type) throw new Error("reply without a message type");
  return {
    type,
    toMac: frame.destination,
    fromMac: frame.source,
    from: formatIpv4(packet.source),
    to: formatIpv4(packet.destination),
    port: datagram.destinationPort,
    size: frame.payload.length,
    yiaddr: formatIpv4(message.yiaddr),
    message,
    option: (code) => readOption(message.options, code),
  };
}

export interface LanParts {
  readonly server?: Partial<DhcpServer>;
  readonly segment?: Partial<Segment>;
  readonly surroundings?: Surroundings;
  readonly store?: MemoryStore;
  readonly clock?: VirtualClock;
}

/** A segment with its server, on a clock that stands still. */
export function lan(parts: LanParts = {}) {
  const { server, segment, surroundings, store = new MemoryStore(), clock = new VirtualClock() } = parts;
  const events: LeaseEvent[] = [];
  const logged: string[] = [];
  const log: Log = { info: () => {}, warn: (text) => void logged.push(text), error: (text) => void logged.push(text) };
  const service = new DhcpService({ clock, log, store, routerMac: ROUTER_MAC, onLease: (e) => void events.push(e) });
  service.configure([{ ...webServer, ...server }], [{ ...web, ...segment }], surroundings);

  async function sendRaw(frame: Uint8Array, vni = VNI): Promise<Answer | undefined> {
    const reply = await service.handle({ vni, tep: TEP, frame });
    return reply && readAnswer(reply);
  }
  const send = (type: MessageType, says: Says = {}) => sendRaw(frameOf(type, says));
  const dropped = () => Object.fromEntries(Object.entries(service.counters.dropped).filter(([, n]) => n > 0));

  /** DISCOVER, and REQUEST of what was offered: the address that was acknowledged. */
  async function join(says: Says = {}): Promise<string | undefined> {
    const offer = await send("DISCOVER", says);
    if (!offer) return undefined;
    const ack = await send("REQUEST", { ...says, requested: offer.yiaddr, serverId: offer.from });
    return ack?.type === "ACK" ? ack.yiaddr : undefined;
  }
  return { service, clock, store, events, logged, send, sendRaw, join, dropped };
}
