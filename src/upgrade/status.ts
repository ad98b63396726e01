import { type Disk, grubChoice, onTrial } from "./disk.ts";
import type { Outcome } from "./outcome.ts";
import { SLOTS, type Slot } from "./slot.ts";

interface SlotStatus {
  readonly slot: Slot;
  readonly complete: boolean;
  readonly version: string | null;
  readonly builtAt: string | null;
  readonly kernel: string | null;
}

/** What `pcg-upgrade status --json` prints. */
export interface Status {
  /** The slot whose version runs. */
  readonly current: Slot;
  readonly onTrial: boolean;
  /** What GRUB holds to be good; null: it was not told, and takes the first that is complete. */
  readonly good: Slot | null;
  /** To be booted once. */
  readonly try: Slot | null;
  /** What the next boot would come up with. */
  readonly next: Slot | null;
  readonly slots: readonly SlotStatus[];
  readonly last: Outcome | null;
}

export function statusOf(disk: Disk, last: Outcome | undefined): Status {
  const { slots, environment, current } = disk;
  return {
    current,
    onTrial: onTrial(disk) !== undefined,
    good: environment.good ?? null,
    try: environment.try ?? null,
    next: grubChoice((slot) => slots[slot] !== undefined, environment) ?? null,
    slots: SLOTS.map((slot) => ({
      slot,
      complete: slots[slot] !== undefined,
      version: slots[slot]?.version ?? null,
      builtAt: slots[slot]?.builtAt ?? null,
      kernel: slots[slot]?.kernel ?? null,
    })),
    last: last ?? null,
  };
}

export function statusText(status: Status): string {
  const slots = status.slots.map((slot) => {
    const marks = [
      slot.slot === status.current && (status.onTrial ? "runs, on trial" : "runs"),
      slot.slot === status.good && "good",
      slot.slot === status.try && "to be tried",
      slot.slot === status.next && "boots next",
    ].filter((mark) => mark !== false);
    const what = slot.complete ? `${slot.version}, built ${slot.builtAt}, kernel ${slot.kernel}` : "not complete";
    return `slot ${slot.slot}  ${what}${marks.length > 0 ? `  [${marks.join("; ")}]` : ""}`;
  });
  return [...slots, lastText(status.last)].join("\n");
}

function lastText(last: Outcome | null): string {
  if (!last) return "last    nothing was installed on this disk yet";
  const how = {
    trying: "is being tried",
    good: "stayed",
    returned: `did not stay: ${last.why ?? "nobody knows why"}`,
  }[last.state];
  return `last    ${last.asked} of ${last.version} after ${last.from}, ${last.at}: ${how}`;
}
