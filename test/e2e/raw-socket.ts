import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import type { Namespace } from "../kernel/namespace.ts";

const lib = koffi.load("libc.so.6");
const setns = lib.func("int setns(int fd, int type)");
const socket = lib.func("int socket(int domain, int type, int protocol)");
const bind = lib.func("int bind(int fd, const uint8_t *address, uint32_t length)");
const send = lib.func("long send(int fd, const uint8_t *bytes, size_t length, int flags)");

const CLONE_NEWNET = 0x4000_0000;
const AF_PACKET = 17;
const SOCK_RAW = 3;
/** struct sockaddr_ll: family in host order, protocol, interface index; the rest is of no matter for sending. */
const ADDRESS_BYTES = 20;

/** Puts frames on an interface of a namespace exactly as they are given, outer headers and all. */
export class RawSocket {
  readonly #fd: number;

  constructor(namespace: Namespace, device: string) {
    const [link] = JSON.parse(namespace.run(`ip -j link show dev ${device}`)) as { ifindex: number }[];
    this.#fd = openIn(namespace.name);
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeInt32LE(link?.ifindex ?? 0, 4);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind to ${device}`);
  }

  /** How many of them the kernel took. */
  send(frames: readonly Uint8Array[]): number {
    let sent = 0;
    for (const frame of frames) if (Number(send(this.#fd, frame, frame.length, 0)) === frame.length) sent++;
    return sent;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A socket belongs to the namespace in which its thread was when it was made. Nothing else runs in between. */
function openIn(namespace: string): number {
  const own = openSync("/proc/thread-self/ns/net", "r");
  const other = openSync(`/run/netns/${namespace}`, "r");
  try {
    if (setns(other, CLONE_NEWNET) !== 0) throw new Error(`cannot enter ${namespace}`);
    return socket(AF_PACKET, SOCK_RAW, 0);
  } finally {
    setns(own, CLONE_NEWNET);
    closeSync(own);
    closeSync(other);
  }
}
