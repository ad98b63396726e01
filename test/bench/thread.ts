import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import { must } from "../../src/kernel/libbpf.edge.ts";

const libc = koffi.load("libc.so.6");
const setns = libc.func("int setns(int fd, int type)") as (fd: number, type: number) => number;
const setAffinity = libc.func("int sched_setaffinity(int pid, size_t size, const void *mask)") as (
  pid: number,
  size: number,
  mask: Uint8Array,
) => number;

const CLONE_NEWNET = 0x40000000;

function enter(file: string): void {
  const fd = openSync(file, "r");
  try {
    must(setns(fd, CLONE_NEWNET), `enter ${file}`);
  } finally {
    closeSync(fd);
  }
}

/** Runs `work` with this thread in another network namespace. Nothing of it may wait: others share the thread. */
export function inNetwork<T>(file: string, work: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  enter(file);
  try {
    return work();
  } finally {
    must(setns(home, CLONE_NEWNET), "come home");
    closeSync(home);
  }
}

/** Keeps a thread on the CPUs of the mask; 0 is this one. */
export const pin = (pid: number, mask: number): number =>
  must(setAffinity(pid, 8, new Uint8Array(new BigUint64Array([BigInt(mask)]).buffer)), `pin ${pid}`);
