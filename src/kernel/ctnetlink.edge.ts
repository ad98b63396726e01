import koffi from "koffi";
import { PcgError } from "../base/error.ts";
import { CONNECTION_IS_OURS, type Connection, type ConnectionsToEnd } from "../model/connection.ts";
import { messagesOf, type NetlinkMessage } from "../wire/netlink.ts";
import {
  type ConnectionFilter,
  connectionOf,
  endOneRequest,
  endRequest,
  findRequest,
  listRequest,
  statisticsOf,
  statisticsRequest,
  type TrackingStatistics,
} from "./ctnetlink.ts";

const AF_NETLINK = 16;
const NETLINK_NETFILTER = 12;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const ENOENT = 2;
const EINTR = 4;
const EAGAIN = 11;
const MSG_DONTWAIT = 0x40;
/** The kernel fills datagrams of a list up to what is read at once, 32 KB at most. */
const READ_BYTES = 32_768;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const send = libc.func("long send(int fd, const uint8_t *buffer, size_t length, int flags)");
const recv = libc.func("long recv(int fd, uint8_t *buffer, size_t length, int flags)");
const close = libc.func("int close(int fd)");

/**
 * Asks connection tracking. The kernel answers inside `send` and goes on with a list inside `recv`, so no call waits
 * for anything.
 */
export class Ctnetlink {
  /** Those of ours, as many at a time as one read brings. Stopping early closes the socket, which ends the list. */
  *list(): Generator<readonly Connection[], undefined> {
    const fd = this.#open();
    try {
      transmit(fd, listRequest());
      for (const payloads of answers(fd)) yield payloads.map((payload) => connectionOf(payload).connection);
      return undefined;
    } finally {
      close(fd);
    }
  }

  statistics(): TrackingStatistics {
    const parts = this.#ask(statisticsRequest()).map(statisticsOf);
    const sum = (of: keyof TrackingStatistics) => parts.reduce((n, part) => n + part[of], 0);
    return { insertFailed: sum("insertFailed"), full: sum("full"), reclaimed: sum("reclaimed") };
  }

  /** Ends them; one that is gone already is no error. */
  end(which: ConnectionsToEnd): void {
    if (which.by === "tuple") this.#endOne(which.connection);
    else for (const filter of filtersOf(which)) this.#endAll(filter);
  }

  /** Kernels before Linux 6.12 compare addresses in lists only, and refuse such a filter where connections are ended. */
  #endAll(filter: ConnectionFilter): void {
    if (filter.mark !== undefined) this.#ask(endRequest(filter));
    else
      for (const found of this.#ask(listRequest(filter)).map(connectionOf))
        if (found) this.#ask(endOneRequest(found.connection, found.id));
  }

  /** Only one that is ours, and only as long as it is this one: a later connection may have the same addresses. */
  #endOne(wanted: Connection): void {
    const [found] = this.#ask(findRequest(wanted)).map(connectionOf);
    if (!found || (found.connection.mark & CONNECTION_IS_OURS) === 0 || found.connection.mark !== wanted.mark) return;
    this.#ask(endOneRequest(wanted, found.id));
  }

  #ask(request: Uint8Array): Uint8Array[] {
    const fd = this.#open();
    try {
      transmit(fd, request);
      return [...answers(fd)].flat();
    } finally {
      close(fd);
    }
  }

  #open(): number {
    const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) throw refused(koffi.errno());
    return fd;
  }
}

function filtersOf(which: Exclude<ConnectionsToEnd, { by: "tuple" }>): ConnectionFilter[] {
  switch (which.by) {
    case "mark":
      return [{ mark: which.mark }];
    case "overlay-address":
      return [{ source: which.address }, { replySource: which.address }];
    case "translation":
      return [{ source: which.source, replyDestination: which.seenAs }];
  }
}

const refused = (errno: number) => new PcgError("KERNEL_REFUSED", { what: "connection tracking", errno });

function transmit(fd: number, request: Uint8Array): void {
  if (send(fd, request, request.length, 0) < 0) throw refused(koffi.errno());
}

/** The payloads of what answers one request, datagram by datagram, up to its end. */
function* answers(fd: number): Generator<Uint8Array[]> {
  for (let more = true; more; ) {
    const datagram = receive(fd);
    if (!datagram) return;
    const messages = [...messagesOf(datagram)];
    for (const message of messages) throwIfRefused(message);
    more = isMulti(datagram) && !messages.some(({ type }) => type === NLMSG_DONE);
    yield messages.filter(({ type }) => type !== NLMSG_DONE && type !== NLMSG_ERROR).map(({ payload }) => payload);
  }
}

/** undefined: that was all. A connection that was asked for is marked as part of a list that never ends. */
function receive(fd: number): Uint8Array | undefined {
  const buffer = Buffer.alloc(READ_BYTES);
  for (;;) {
    const length = Number(recv(fd, buffer, buffer.length, MSG_DONTWAIT));
    if (length >= 0) return buffer.subarray(0, length);
    const errno = koffi.errno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw refused(errno);
  }
}

/** One that is gone already was what was asked for. */
function throwIfRefused({ type, payload }: NetlinkMessage): void {
  if (type !== NLMSG_ERROR) return;
  const errno = -new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
  if (errno !== 0 && errno !== ENOENT) throw refused(errno);
}

const NLM_F_MULTI = 2;

/** The parts of a list are marked as such, up to its end; an answer to a question for one thing stands alone. */
const isMulti = (datagram: Uint8Array) => datagram.length >= 8 && ((datagram[6] ?? 0) & NLM_F_MULTI) !== 0;
