import type { Slot } from "./slot.ts";

/** The block device that is mounted last at a place, as /proc/self/mountinfo says it (proc(5)). */
export function deviceMountedAt(mountinfo: string, place: string): string | undefined {
  const fields = mountinfo.split("\n").map((line) => line.split(" "));
  const mount = fields.findLast((of) => of[4] === place);
  return mount?.[mount.indexOf("-", 6) + 2];
}

/** Whose product a loop device reads, by the file behind it. */
export function slotOfFile(backing: string): Slot | undefined {
  const slot = /\/slots\/([ab])\/product\.squashfs$/.exec(backing.trim())?.[1];
  return slot === undefined ? undefined : (slot as Slot);
}
