import koffi from "koffi";

/** struct timex of a 64-bit Linux, with room; linux/timex.h */
const TIMEX_BYTES = 256;
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;

const adjtimex = koffi.load("libc.so.6").func("int adjtimex(void *buf)") as (buf: Buffer) => number;

/** Whether somebody disciplines the kernel's clock; undefined: we may not ask. With `modes` 0 nothing is set. */
export function isClockSynchronised(): boolean | undefined {
  const timex = Buffer.alloc(TIMEX_BYTES);
  return adjtimex(timex) < 0 ? undefined : (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) === 0;
}
