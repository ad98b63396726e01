import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import koffi from "koffi";
import { PcgError } from "../base/error.ts";

/**
 * Gives the packet sockets of a running process (argument: its pid file) room for what a sender has on its way at once.
 * Open vSwitch in user space takes the host's default, some 90 frames, and drops 15 to 20 % of an unpaced TCP stream;
 * the default is one for the whole host, which the laboratory does not touch.
 */
const BUFFER_BYTES = 64 << 20;

/** System calls of asm-generic/unistd.h, the same on all machines; asm-generic/socket.h; linux/socket.h. */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SO_DOMAIN = 39;
const AF_PACKET = 17;

const libc = koffi.load("libc.so.6");
const syscall = libc.func("long syscall(long number, long first, long second, long third)");
const close = libc.func("int close(int fd)");
const setsockopt = libc.func("int setsockopt(int fd, int level, int option, const int *value, uint32_t length)");
const getsockopt = libc.func(
  "int getsockopt(int fd, int level, int option, _Out_ int *value, _Inout_ uint32_t *length)",
);

/** @throws KERNEL_REFUSED */
function done(what: string, result: number): number {
  if (result < 0) throw new PcgError("KERNEL_REFUSED", { what, errno: koffi.errno() });
  return result;
}

function isPacketSocket(fd: number): boolean {
  const domain = [0];
  done("getsockopt", getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, [4]));
  return domain[0] === AF_PACKET;
}

const pid = Number(readFileSync(process.argv[2] ?? "", "utf8"));
const handle = done("pidfd_open", syscall(PIDFD_OPEN, pid, 0, 0));
const files = `/proc/${pid}/fd`;
let grown = 0;
for (const name of readdirSync(files)) {
  if (!readlinkSync(`${files}/${name}`).startsWith("socket:")) continue;
  const fd = done("pidfd_getfd", syscall(PIDFD_GETFD, handle, Number(name), 0));
  if (isPacketSocket(fd)) {
    done("setsockopt SO_RCVBUFFORCE", setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, [BUFFER_BYTES], 4));
    grown++;
  }
  close(fd);
}
if (grown === 0) throw new PcgError("LAB_FAILED", { pid, problem: "has no packet socket" });
