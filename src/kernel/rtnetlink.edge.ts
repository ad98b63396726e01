import { createRtNetlink, type RtNetlinkSocket } from "netlink";
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
 * a time limit, and errors with the kernel's errno name. It is given no memberships: mixing events with dumps loses
 * messages, and its native part ends the process when events overflow.
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

  /** By interface index; the library does not read this attribute. */
  groLimits = (): Promise<Map<number, number>> =>
    this.#one(async () => {
      const dump = { ...limit, flags: NLM_F_DUMP };
      const [messages] = await this.#socket.socket.request(RTM_GETLINK, Buffer.alloc(IFINFOMSG_BYTES), dump);
      return new Map(messages.flatMap(({ data }) => groLimitOf(data)));
    });

  setGroLimit = (index: number, bytes: number): Promise<unknown> =>
    this.change("set gro_max_size", (s) => {
      const header = Buffer.alloc(IFINFOMSG_BYTES);
      header.writeInt32LE(index, 4);
      const value = Buffer.alloc(4);
      value.writeUInt32LE(bytes);
      return s.socket.request(RTM_SETLINK, [header, attribute(IFLA_GRO_MAX_SIZE, value)], limit);
    });

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

/** IFLA_LINKINFO of a veth whose peer has this name (linux/if_link.h, linux/veth.h). */
export function vethInfo(peerName: string): Buffer {
  const peer = Buffer.concat([Buffer.alloc(IFINFOMSG_BYTES), attribute(IFLA_IFNAME, text(peerName))]);
  return Buffer.concat([
    attribute(IFLA_INFO_KIND, text("veth")),
    attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer)),
  ]);
}

/** linux/rtnetlink.h, linux/netlink.h, linux/if_link.h */
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const NLM_F_DUMP = 0x300;
const IFLA_GRO_MAX_SIZE = 58;
const IFLA_IFNAME = 3;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFINFOMSG_BYTES = 16;

const text = (value: string) => Buffer.from(`${value}\0`);

function groLimitOf(message: Uint8Array): [index: number, bytes: number][] {
  const bytes = Buffer.from(message);
  for (let at = IFINFOMSG_BYTES; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    if (bytes.readUInt16LE(at + 2) === IFLA_GRO_MAX_SIZE) return [[bytes.readInt32LE(4), bytes.readUInt32LE(at + 4)]];
    at += Math.ceil(length / 4) * 4;
  }
  return [];
}

/** A netlink attribute: length, type, value, padded to four bytes (RFC 3549 §2.3.3). */
function attribute(type: number, value: Uint8Array): Buffer {
  const all = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  all.writeUInt16LE(4 + value.length, 0);
  all.writeUInt16LE(type, 2);
  all.set(value, 4);
  return all;
}
