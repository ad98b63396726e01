import type { Clock } from "../base/clock.ts";

/** A daemon that dies and is started again is healthy at times: so many looks in a row must find it so. */
const LOOKS = 3;
const PAUSE_MS = 2_000;

export interface Watch {
  readonly clock: Clock;
  /** What speaks against it at this moment; undefined: nothing. */
  readonly look: () => Promise<string | undefined>;
  readonly limitMs: number;
}

/** Waits until it is healthy and stays so. @returns what spoke against it last, when the limit came first */
export async function complaintAtLimit({ clock, look, limitMs }: Watch): Promise<string | undefined> {
  const end = clock.now() + limitMs;
  let last = "no look was taken";
  for (let inRow = 0; clock.now() < end; ) {
    const complaint = await look();
    if (complaint !== undefined) last = complaint;
    inRow = complaint === undefined ? inRow + 1 : 0;
    if (inRow === LOOKS) return undefined;
    await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
  }
  return last;
}
