import koffi from "koffi";
import { PcgError } from "../base/error.ts";

/** Protocols and multicast groups as a bit mask: linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nfnetlink.h. */
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const RTMGRP_LINK = 1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV4_RULE = 0x80;
const NFNLGRP_NFTABLES = 1 << (7 - 1);

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const ENOBUFS = 105;
const EINTR = 4;

/** How late a change is noticed at most. */
const LOOK_MS = 100;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const bind = libc.func("int bind(int fd, const uint8_t *address, uint32_t length)");
const recv = libc.func("long recv(int fd, uint8_t *buffer, size_t length, int flags)");
const close = libc.func("int close(int fd)");

/**
 * Calls back on any change of links, addresses, routes, rules or nftables in this namespace, or when events were lost.
 * What an event says is not looked at: whoever is told reads the kernel anew.
 */
export function watchNetlink(onChange: () => void): () => void {
  const rt = listen(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE);
  const nft = listen(NETLINK_NETFILTER, NFNLGRP_NFTABLES);
  const timer = setInterval(() => {
    if ([rt, nft].map(drain).includes(true)) onChange();
  }, LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    close(rt);
    close(nft);
  };
}

function listen(protocol: number, groups: number): number {
  const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  if (fd < 0 || bind(fd, address, address.length) !== 0)
    throw new PcgError("KERNEL_REFUSED", { what: "watch netlink", protocol, errno: koffi.errno() });
  return fd;
}

const scratch = Buffer.alloc(64);

/** Takes all that waits. @returns whether there was anything, or had been and was lost */
function drain(fd: number): boolean {
  let any = false;
  for (;;) {
    if (recv(fd, scratch, scratch.length, MSG_DONTWAIT | MSG_TRUNC) < 0) {
      const errno = koffi.errno();
      if (errno === ENOBUFS) any = true;
      else if (errno !== EINTR) return any;
    } else any = true;
  }
}
