import { constants } from "node:os";
import type { Direction, Place } from "../datapath/bpf/programs.ts";
import { libbpf, must } from "./libbpf.edge.ts";

/** Two filters per hook are ours: this handle at this priority and the next. Others' filters stay beside them. */
const HANDLE = 1;
const PRIORITY = 0x7063;
/** BPF_TC_F_REPLACE: the new program takes the old one's place between two packets. */
const REPLACE = 1;

const attachPoint = { ingress: 1, egress: 2 } as const satisfies Record<Direction, number>;
const { EEXIST, ENOENT, EINVAL } = constants.errno;

/** struct bpf_tc_hook: size_t sz; int ifindex; int attach_point; u32 parent. */
function hookOf(ifindex: number, direction: Direction): Buffer {
  const hook = Buffer.alloc(24);
  hook.writeBigUInt64LE(24n, 0);
  hook.writeInt32LE(ifindex, 8);
  hook.writeInt32LE(attachPoint[direction], 12);
  return hook;
}

const PROG_ID = 16;

/** struct bpf_tc_opts: size_t sz; int prog_fd; u32 flags, prog_id, handle, priority. */
function optsOf(place: Place, { fd = 0, flags = 0 } = {}): Buffer {
  const opts = Buffer.alloc(32);
  opts.writeBigUInt64LE(32n, 0);
  opts.writeInt32LE(fd, 8);
  opts.writeUInt32LE(flags, 12);
  opts.writeUInt32LE(HANDLE, 20);
  opts.writeUInt32LE(PRIORITY + place, 24);
  return opts;
}

/** The id of the program in our place on a hook. */
export function attachedId(ifindex: number, direction: Direction, place: Place): number | undefined {
  const opts = optsOf(place);
  const result = libbpf.tcQuery(hookOf(ifindex, direction), opts);
  /* EINVAL: the interface has no clsact qdisc */
  if (result === -ENOENT || result === -EINVAL) return undefined;
  must(result, `query ${direction} of interface ${ifindex}`);
  return opts.readUInt32LE(PROG_ID);
}

/** Puts the program in our place on a hook, instead of what is there. */
export function attachFd(ifindex: number, direction: Direction, fd: number, place: Place = 0): void {
  const hook = hookOf(ifindex, direction);
  const created = libbpf.tcHookCreate(hook);
  if (created !== -EEXIST) must(created, `clsact on interface ${ifindex}`);
  must(libbpf.tcAttach(hook, optsOf(place, { fd, flags: REPLACE })), `attach to ${direction} of interface ${ifindex}`);
}

/** Empties our place on a hook. The clsact qdisc stays: others may have filters there. */
export function detachAny(ifindex: number, direction: Direction, place: Place): void {
  const result = libbpf.tcDetach(hookOf(ifindex, direction), optsOf(place));
  if (result !== -ENOENT && result !== -EINVAL) must(result, `detach from ${direction} of interface ${ifindex}`);
}
