import { existsSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import type { Direction, Place } from "../datapath/bpf/programs.ts";
import { closeFd, libbpf, must } from "./libbpf.edge.ts";

/** enum bpf_attach_type: BPF_TCX_INGRESS, BPF_TCX_EGRESS. */
const attachType = { ingress: 46, egress: 47 } as const satisfies Record<Direction, number>;
/** BPF_F_BEFORE, BPF_F_AFTER: of all that are on the hook. */
const among = [1 << 3, 1 << 4] as const satisfies Record<Place, number>;
const { EINVAL } = constants.errno;

/** The loopback device's, in every network namespace. */
const LOOPBACK = 1;

/**
 * Whether the kernel runs eBPF on an interface before, and without, the queueing layer's classifiers: Linux 6.6 on, where
 * it was not left out. That costs a packet some 40 ns less (measured by this repository's bench).
 */
export function hasTcx(): boolean {
  const count = [0];
  return libbpf.progQuery(LOOPBACK, attachType.ingress, 0, null, null, count) !== -EINVAL;
}

/** struct bpf_link_create_opts: size_t sz; u32 flags. */
function optsOf(place: Place): Buffer {
  const opts = Buffer.alloc(16);
  opts.writeBigUInt64LE(16n, 0);
  opts.writeUInt32LE(among[place], 8);
  return opts;
}

/** With the link that is pinned there; undefined: there is none. */
function withLink<T>(pin: string, fn: (fd: number) => T): T | undefined {
  if (!existsSync(pin)) return undefined;
  const fd = must(libbpf.objectGet(pin), `open pin ${pin}`);
  try {
    return fn(fd);
  } finally {
    closeFd(fd);
  }
}

/** struct bpf_link_info: u32 type, id, prog_id; from byte 16 on, for this type: u32 ifindex, attach_type. */
function linkInfo(fd: number): { readonly program: number; readonly ifindex: number } {
  const info = Buffer.alloc(32);
  must(libbpf.infoByFd(fd, info, [info.length]), "ask what a link holds");
  return { program: info.readUInt32LE(8), ifindex: info.readUInt32LE(16) };
}

/** The id of the program that the pinned link keeps on the interface; undefined: none, or the interface is another. */
export function linkedId(pin: string, ifindex: number): number | undefined {
  const info = withLink(pin, linkInfo);
  return info?.ifindex === ifindex ? info.program : undefined;
}

/** Puts the program on the interface's hook for as long as the link is open or pinned. @returns its file descriptor */
export function newLink(ifindex: number, direction: Direction, fd: number, place: Place): number {
  const made = libbpf.linkCreate(fd, ifindex, attachType[direction], optsOf(place));
  return must(made, `attach to ${direction} of interface ${ifindex}`);
}

/**
 * Puts the program on the interface's hook, instead of the one that the pinned link keeps there, between two packets. The
 * link stays while it is pinned.
 */
export function link(pin: string, ifindex: number, direction: Direction, fd: number, place: Place): void {
  if (linkedId(pin, ifindex) !== undefined) {
    withLink(pin, (held) => must(libbpf.linkUpdate(held, fd, null), `replace what is in ${pin}`));
    return;
  }
  unlink(pin);
  const made = newLink(ifindex, direction, fd, place);
  try {
    must(libbpf.objectPin(made, pin), `pin ${pin}`);
  } finally {
    closeFd(made);
  }
}

/** Takes what the pinned link keeps off its hook. An unpinned link lasts until the kernel gets round to it. */
export function unlink(pin: string): void {
  withLink(pin, (fd) => {
    // Its interface may be gone, and then nothing is left to do.
    libbpf.linkDetach(fd);
    unlinkSync(pin);
  });
}
