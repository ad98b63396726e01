import { unreachable } from "../base/assert.ts";
import { PcgError } from "../base/error.ts";
import { type Disk, isLive, onTrial } from "./disk.ts";
import type { Environment } from "./grubenv.ts";
import type { Manifest } from "./manifest.ts";
import { otherThan, type Slot } from "./slot.ts";

/** What happens to a box with two slots. */
export type Event =
  /** A bundle's signature is good, and its files are about to come. `tight`: only the other slot's room is left for them. */
  | { readonly type: "begin"; readonly tight: boolean }
  /** All its files came, each as signed. */
  | { readonly type: "received"; readonly manifest: Manifest }
  | { readonly type: "healthy" }
  | { readonly type: "unhealthy" }
  | { readonly type: "rollback" };

/** One step; a power cut may come between any two, and in the middle of those that write files. */
export type Action =
  /** Written in place, in one sector. */
  | { readonly do: "tell-grub"; readonly environment: Environment }
  /** What came of a bundle before. */
  | { readonly do: "empty-incoming" }
  /** Its manifest first: from then on it is no slot. */
  | { readonly do: "remove"; readonly slot: Slot }
  /** All that came becomes the slot, by one rename. */
  | { readonly do: "place"; readonly slot: Slot }
  /** GRUB reads no journal: what it will need is written to where it looks. */
  | { readonly do: "settle" }
  /** Puts this slot's product in place of the running one, and starts its daemons. */
  | { readonly do: "activate"; readonly slot: Slot }
  | { readonly do: "reboot" };

/** What to do now. An `activate` is followed by "healthy" or "unhealthy", a `reboot` likewise. @throws UPGRADE_NOT_NOW */
export function next(disk: Disk, event: Event): readonly Action[] {
  switch (event.type) {
    case "begin":
      return begin(disk, event.tight);
    case "received":
      return received(disk, event.manifest);
    case "healthy":
      return disk.environment.good === disk.current ? [] : [{ do: "settle" }, tellGrub(disk.current)];
    case "unhealthy":
      return goBack(disk);
    case "rollback":
      return rollback(disk);
    default:
      return unreachable(event);
  }
}

const tellGrub = (good: Slot, once?: Slot): Action => ({ do: "tell-grub", environment: { good, try: once } });

/** From here on GRUB boots what runs, whatever happens to the other slot. */
function begin(disk: Disk, tight: boolean): Action[] {
  const back = onTrial(disk);
  if (back)
    throw new PcgError("UPGRADE_NOT_NOW", {
      slot: disk.current,
      why: "it is on trial, and the other is the one to go back to",
      hint: "pcg-upgrade confirm, or pcg-upgrade rollback",
    });
  const { good, try: once } = disk.environment;
  const other = otherThan(disk.current);
  if (!disk.slots[disk.current] && disk.slots[other])
    throw new PcgError("UPGRADE_NOT_NOW", {
      slot: disk.current,
      why: "its files are damaged, so the other is all that can be booted",
      hint: "pcg-upgrade rollback",
    });
  return [
    ...(good === disk.current && once === undefined ? [] : [tellGrub(disk.current)]),
    { do: "empty-incoming" },
    ...(tight ? [{ do: "remove", slot: other } as const] : []),
  ];
}

function received(disk: Disk, manifest: Manifest): Action[] {
  const to = otherThan(disk.current);
  const placed = { ...disk, slots: { ...disk.slots, [to]: manifest } };
  return [{ do: "remove", slot: to }, { do: "place", slot: to }, ...go(placed, to)];
}

/** To a slot that is complete: under the running system where that can be, else for one boot. */
const go = (disk: Disk, to: Slot): Action[] =>
  isLive(disk, to) ? [{ do: "activate", slot: to }] : [{ do: "settle" }, tellGrub(disk.current, to), { do: "reboot" }];

/** Nothing to go back to, nothing done: a box that works badly is better than one that reboots for ever. */
function goBack(disk: Disk): Action[] {
  if (disk.environment.try) return [tellGrub(disk.environment.good ?? disk.current)];
  const back = onTrial(disk);
  if (!back) return [];
  return isLive(disk, back) ? [{ do: "activate", slot: back }] : [{ do: "reboot" }];
}

function rollback(disk: Disk): Action[] {
  if (disk.environment.try || onTrial(disk)) return goBack(disk);
  const other = otherThan(disk.current);
  if (!disk.slots[other])
    throw new PcgError("UPGRADE_NOT_NOW", { slot: other, why: "is not complete, so there is no other version" });
  return go(disk, other);
}
