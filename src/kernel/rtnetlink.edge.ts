import { createRtNetlink, ifla, type RtNetlinkSocket } from "netlink";
import { messageOf, PcgError } from "../base/error.ts";

/** Requests wait at most this long; the kernel answers in microseconds or not at all. */
const TIMEOUT_MS = 5_000;

export type Link = Awaited<ReturnType<RtNetlinkSocket["getLinks"]>>[number];
export type Address = Awaited<ReturnType<RtNetlinkSocket["getAddresses"]>>[number];
export type Route = Awaited<ReturnType<RtNetlinkSocket["getRoutes"]>>[number];
export type Rule = Awaited<ReturnType<RtNetlinkSocket["getRules"]>>[number];
export type Neighbour = Awaited<ReturnType<RtNetlinkSocket["getNeighbors"]>>[number];

/**
 * The npm `netlink` socket made safe to share: one request at a time (two dumps at once on one socket lose messages),
 * a time limit, and errors with the kernel's errno name. Events come on a socket of their own (mixing them with dumps
 * loses messages too).
 */
export class RtNetlink {
  readonly #socket = createRtNetlink();
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#socket.socket.on("error", () => {});
  }

  links = () => this.#one(() => this.#socket.getLinks({}, {}, limit));
  addresses = () => this.#one(() => this.#socket.getAddresses({ family: AF_INET }, {}, limit));
  routes = () => this.#one(() => this.#socket.getRoutes({ family: AF_INET }, {}, limit));
  rules = () => this.#one(() => this.#socket.getRules({ family: AF_INET }, {}, limit));
  neighbours = () => this.#one(() => this.#socket.getNeighbors({ family: AF_INET }, {}, limit));

  /** `call` with the raw socket; EEXIST and the like come out as KERNEL_REFUSED with `errno`. */
  change(what: string, call: (socket: RtNetlinkSocket) => Promise<unknown>): Promise<unknown> {
    return this.#one(async () => {
      try {
        return await call(this.#socket);
      } catch (error) {
        throw new PcgError("KERNEL_REFUSED", { what, errno: errnoOf(error) }, error);
      }
    });
  }

  #one<T>(call: () => Promise<T>): Promise<T> {
    const next = this.#last.then(call, call);
    this.#last = next.catch(() => {});
    return next;
  }

  close(): void {
    this.#socket.socket.close();
  }
}

/** Linux AF_INET. */
export const AF_INET = 2;
export const limit = { timeout: TIMEOUT_MS };

/** The library says `Request rejected: EEXIST`. */
const errnoOf = (error: unknown): string => /\b(E[A-Z0-9]+)\b/.exec(messageOf(error))?.[1] ?? messageOf(error);

/** IFLA_LINKINFO of a veth whose peer has this name; VETH_INFO_PEER = 1 holds an ifinfomsg and attributes. */
export function vethInfo(peerName: string): Buffer {
  const name = Buffer.from(`${peerName}\0`);
  const attribute = Buffer.alloc(4 + Math.ceil(name.length / 4) * 4);
  attribute.writeUInt16LE(4 + name.length, 0);
  attribute.writeUInt16LE(IFLA_IFNAME, 2);
  name.copy(attribute, 4);
  const peer = Buffer.concat([Buffer.alloc(IFINFOMSG_BYTES), attribute]);
  const data = Buffer.alloc(4);
  data.writeUInt16LE(4 + peer.length, 0);
  data.writeUInt16LE(VETH_INFO_PEER, 2);
  return Buffer.concat(toBuffers(ifla.formatInfo({ kind: "veth", data: Buffer.concat([data, peer]) })));
}

const IFLA_IFNAME = 3;
const IFINFOMSG_BYTES = 16;
const VETH_INFO_PEER = 1;

const toBuffers = (data: unknown): Uint8Array[] =>
  Array.isArray(data) ? data.flatMap(toBuffers) : [data as Uint8Array];

/** Calls back on any change of links, addresses, routes, rules or neighbours in this namespace, or when events were lost. */
export function watchRtNetlink(onChange: () => void): () => void {
  const socket = createRtNetlink();
  socket.socket.unref();
  socket.socket.setRecvBufferSize(4 * 1024 * 1024);
  socket.socket.on("error", onChange);
  socket.on("message", onChange);
  for (const group of ["LINK", "IPV4_IFADDR", "IPV4_ROUTE", "IPV4_RULE"] as const) socket.addMembership(group);
  return () => socket.socket.close();
}
