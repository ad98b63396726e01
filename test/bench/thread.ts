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
const setScheduler = libc.func("int sched_setscheduler(int pid, int policy, const void *param)") as (
  pid: number,
  policy: number,
  param: Uint8Array,
) => number;
const gettid = libc.func("int gettid()") as () => number;

/** linux/sched.h */
const SCHED_IDLE = 5;
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

/** Lets this thread run only when no other wants its CPU (sched(7)). */
export const beIdle = (): number => must(setScheduler(0, SCHED_IDLE, new Uint8Array(4)), "be idle");

/** Of this thread, as in /proc. */
export const threadId = (): number => gettid();
