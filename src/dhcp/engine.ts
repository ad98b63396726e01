import { unreachable } from "../base/assert.ts";
import { type Ipv4, UNSPECIFIED } from "../net/ipv4.ts";
import { broadcastOf, contains } from "../net/prefix.ts";
import { BOOTREQUEST, HTYPE_ETHERNET } from "../wire/dhcp.ts";
import type { Client, Effect, LeaseView } from "./book.ts";
import type { DhcpDrop } from "./drops.ts";
import { endOf, isHeld, type Lease } from "./lease.ts";
import { grant, type Reply, refusal } from "./reply.ts";
import type { DhcpRequest } from "./request.ts";
import type { Scope } from "./scope.ts";

/** What comes of a message: an answer or the reason for none, and what changes. Effects come before the answer. */
export interface Outcome {
  readonly reply?: Reply;
  readonly effects: readonly Effect[];
  readonly drop?: DhcpDrop;
}

/** All that a rule may look at. `now` is wall time in milliseconds. */
interface Case {
  readonly scope: Scope;
  readonly view: LeaseView;
  readonly request: DhcpRequest;
  readonly client: Client;
  readonly now: number;
}

const drop = (reason: DhcpDrop, effects: readonly Effect[] = []): Outcome => ({ effects, drop: reason });

/** The server of one segment, RFC 2131 §4.3. `now` is wall time in milliseconds. */
export function respond(scope: Scope, view: LeaseView, request: DhcpRequest, now: number): Outcome {
  const refused = whyRefused(scope, request);
  if (refused) return drop(refused);
  const { mac, clientId } = request;
  const it: Case = { scope, view, request, client: { mac, clientId, binding: scope.bindingFor(mac, clientId) }, now };
  switch (request.type) {
    case "DISCOVER":
      return discover(it);
    case "REQUEST":
      return selectState(it);
    case "DECLINE":
      return decline(it);
    case "RELEASE":
      return release(it);
    case "INFORM":
      return inform(it);
    case "OFFER":
    case "ACK":
    case "NAK":
      return drop("NOT_A_REQUEST");
    default:
      return unreachable(request.type);
  }
}

/** A client speaks for itself only; a relay, which speaks for others, has to be one we were told of. */
function whyRefused(scope: Scope, { message, mac, arrival }: DhcpRequest): DhcpDrop | undefined {
  if (message.op !== BOOTREQUEST) return "NOT_A_REQUEST";
  const isGroup = ((message.chaddr[0] ?? 0) & 1) === 1;
  if (message.htype !== HTYPE_ETHERNET || message.hlen !== 6 || isGroup || mac === NO_MAC) return "HARDWARE";
  // The tunnel's checks vouch for the packet's source, and for nothing that stands in the message.
  if (message.giaddr !== UNSPECIFIED)
    return scope.relays.has(message.giaddr) && scope.relays.has(arrival.source) ? undefined : "UNKNOWN_RELAY";
  return mac === arrival.from ? undefined : "SPOOFED";
}
const NO_MAC = "00:00:00:00:00:00";

function discover(it: Case): Outcome {
  const { scope, client, request } = it;
  const ip = choose(it);
  if (ip === undefined) return drop(client.binding ? "BINDING_IN_USE" : "POOL_EXHAUSTED");
  const parameters = client.binding?.parameters ?? scope.parameters;
  return {
    effects: [{ do: "offer", client, ip }],
    reply: grant("OFFER", scope, request, { ip, parameters, isLease: true }),
  };
}

/** RFC 2131 §4.3.1: its present address, its former one, the one it asks for, any. */
function choose({ view, client, request, now }: Case): Ipv4 | undefined {
  const wishes = [client.binding?.ip, view.offerTo(client), view.lastOf(client)?.ip, request.requested];
  return wishes.find((ip) => ip !== undefined && view.mayHave(client, ip, now)) ?? anyFor(client, view);
}

const anyFor = (client: Client, view: LeaseView) => (client.binding ? undefined : view.anyFree(client.mac));

/**
 * Which state a client is in shows in what it fills in. RFC 2131 §4.3.2, table 4. There are clients that name the server
 * when they renew, or say in ciaddr what they were offered: ISC's server, Kea and dnsmasq take ciaddr for option 50.
 */
function selectState(it: Case): Outcome {
  const { scope, client, request } = it;
  const { serverId, requested, message } = request;
  const isOurs = serverId === scope.server;
  if (serverId !== undefined && !isOurs) return drop("OTHER_SERVER", [{ do: "withdraw", client }]);
  const address = message.ciaddr === UNSPECIFIED ? undefined : message.ciaddr;
  if (isOurs) return selecting(it, requested ?? address);
  if (address !== undefined) return extending(it, address);
  return requested === undefined ? drop("MALFORMED") : rebooting(it, requested);
}

/** SELECTING, or anything else a client asks of this server by name. */
function selecting(it: Case, requested: Ipv4 | undefined): Outcome {
  const { view, client, now } = it;
  if (requested === undefined) return drop("MALFORMED");
  return view.mayHave(client, requested, now) ? acknowledge(it, requested) : refuse(it, "address is not available");
}

/** INIT-REBOOT: it wants to go on after a restart. Silence to strangers, RFC 2131 §4.3.2. */
function rebooting(it: Case, requested: Ipv4): Outcome {
  const { scope, view, client, now } = it;
  if (!contains(scope.subnet, requested)) return refuse(it, "address is of another network");
  const known = knownAddress(it);
  if (known === undefined) return drop("UNKNOWN_CLIENT");
  return known === requested && view.mayHave(client, requested, now)
    ? acknowledge(it, requested)
    : refuse(it, "address is not this client's");
}

/**
 * RENEWING and REBINDING. An address that is ours to give and that nobody has is confirmed even to a client there is no
 * record of: a lost record must not cost it its connections. Otherwise a stranger hears nothing when it asks everyone,
 * for another server may know it.
 */
function extending(it: Case, address: Ipv4): Outcome {
  const { scope, view, client, request, now } = it;
  if (!contains(scope.subnet, address)) return refuse(it, "address is of another network");
  const known = knownAddress(it);
  if ((known ?? address) === address && view.mayHave(client, address, now)) return acknowledge(it, address);
  const isRenewing = request.arrival.to === scope.server && request.message.giaddr === UNSPECIFIED;
  return known === undefined && !isRenewing ? drop("UNKNOWN_CLIENT") : refuse(it, "address is not this client's");
}

const knownAddress = ({ view, client }: Case): Ipv4 | undefined => client.binding?.ip ?? view.lastOf(client)?.ip;

/**
 * The address is the client's from now on, and the only one its hardware has: a NIC that comes with another identifier
 * (boot loader, then system) would else hold two addresses, and could drain the pool.
 */
function acknowledge({ scope, view, client, request, now }: Case, ip: Ipv4): Outcome {
  const last = view.lastOf(client);
  const isSame = last?.ip === ip && isHeld(last, now);
  const others = view.boundTo(client.mac).filter((other) => other.ip !== ip);
  const lease: Lease = {
    segment: scope.segment,
    ip,
    mac: client.mac,
    clientId: client.clientId,
    hostname: request.hostname ?? (isSame ? last.hostname : undefined),
    start: isSame ? last.start : now,
    expires: endOf(now, scope.leaseSeconds),
    state: "bound",
  };
  return {
    effects: [...others.map((other) => ended(other, now, "released")), { do: "record", lease }],
    reply: grant("ACK", scope, request, {
      ip,
      parameters: client.binding?.parameters ?? scope.parameters,
      isLease: true,
    }),
  };
}

const refuse = ({ scope, request }: Case, why: string): Outcome => ({
  effects: [],
  reply: refusal(scope, request, why),
});

const ended = (lease: Lease, expires: number, state: "released" | "expired" | "declined"): Effect => ({
  do: "record",
  lease: { ...lease, expires, state },
});

/**
 * Somebody already uses the address: nobody gets it until it has rested. RFC 2131 §4.3.3. As hardware may have one
 * address, it keeps one from others this way: what it declined before rests no more.
 */
function decline(it: Case): Outcome {
  const { scope, view, client, request, now } = it;
  const lease = itsLease(it, request.requested);
  if (!lease) return disown(it);
  const former = view.declinedBy(client.mac, now);
  const effects = [
    ...former.map((one) => ended(one, now, "expired")),
    ended(lease, endOf(now, scope.declineSeconds), "declined"),
  ];
  return former.length > 0 ? drop("DECLINE_SHARE", effects) : { effects };
}

/** The record stays, for the client's return. RFC 2131 §4.3.4. */
function release(it: Case): Outcome {
  const lease = itsLease(it, it.request.message.ciaddr);
  return lease ? { effects: [ended(lease, it.now, "released")] } : disown(it);
}

function itsLease({ scope, view, client, request, now }: Case, ip: Ipv4 | undefined): Lease | undefined {
  if (ip === undefined || request.serverId !== scope.server) return undefined;
  const lease = view.at(ip);
  const isIts = lease?.mac === client.mac && (lease.clientId === client.clientId || client.binding?.ip === ip);
  return lease && isIts && lease.state === "bound" && isHeld(lease, now) ? lease : undefined;
}

const disown = ({ scope, request }: Case): Outcome =>
  drop(request.serverId === undefined || request.serverId === scope.server ? "NOT_ITS_LEASE" : "OTHER_SERVER");

/**
 * A client with an address of its own wants parameters: no lease, no times. RFC 2131 §4.3.5. One that leaves ciaddr empty
 * is answered where it sends from, as by ISC's server and Kea, or at its MAC when it shows no address, as by dnsmasq.
 */
function inform({ scope, client, request }: Case): Outcome {
  const { ciaddr } = request.message;
  const ip = ciaddr === UNSPECIFIED ? request.arrival.source : ciaddr;
  if (ip !== UNSPECIFIED && !isHost(ip, scope)) return drop("MALFORMED");
  const parameters = client.binding?.parameters ?? scope.parameters;
  return { effects: [], reply: grant("ACK", scope, request, { ip, parameters, isLease: false }) };
}

const isHost = (ip: Ipv4, { subnet }: Scope) =>
  contains(subnet, ip) && ip !== subnet.address && ip !== broadcastOf(subnet);
