import type { Environment } from "./grubenv.ts";
import { type Manifest, sameBase } from "./manifest.ts";
import { otherThan, SLOTS, type Slot } from "./slot.ts";

/** What a slot holds; undefined where it is not complete: GRUB passes it over, and so do we. */
export type Slots = Readonly<Record<Slot, Manifest | undefined>>;

/** All that a decision is made from. */
export interface Disk {
  readonly slots: Slots;
  readonly environment: Environment;
  /** The slot whose version runs: the one that was booted, or whose product was put in under the running system. */
  readonly current: Slot;
}

/** A version runs that is not yet known to work, and there is one to go back to. */
export const onTrial = ({ slots, environment: { good }, current }: Disk): Slot | undefined =>
  good !== undefined && good !== current && slots[good] ? good : undefined;

/** From what runs to that slot, only the product changes. */
export function isLive({ slots, current }: Pick<Disk, "slots" | "current">, to: Slot): boolean {
  const [from, target] = [slots[current], slots[to]];
  return from !== undefined && target !== undefined && sameBase(from, target);
}

/**
 * What grub.cfg does, in the same order: the slot to try is forgotten before it is booted; a slot that lacks a file is
 * passed over. Undefined: nothing can be booted.
 */
export function grubChoice(complete: (slot: Slot) => boolean, { good, try: once }: Environment): Slot | undefined {
  const first = good ?? SLOTS[0];
  return [once, first, otherThan(first)].find((slot) => slot !== undefined && complete(slot));
}
