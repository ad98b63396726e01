import { claim } from "../claims.ts";
import type { Draft } from "../draft.ts";
import { kindOf, type ObjectOf } from "../kinds.ts";
import { type Check, rival } from "./check.ts";

/** Below it is room for those that people choose. */
const FIRST_CHOSEN = 5_000;
const LAST = 0xffffff;

/** Gives new segments that name no VNI the lowest ones that are free. */
export function chooseVnis(draft: Draft): void {
  let next = FIRST_CHOSEN;
  for (const [path, value] of draft.writes()) {
    const segment = value as ObjectOf<"Segment"> | undefined;
    if (!segment || kindOf(path) !== "Segment" || segment.overlay_id !== undefined) continue;
    while (next < LAST && rival(draft, claim.vni(next), path)) next++;
    draft.set(path, { ...segment, overlay_id: next });
  }
}

/** A VNI is one segment's, whatever Tier-0 it hangs from: gateways and agents know segments by it. */
export const vni: Check = function* (scope) {
  for (const [path, { overlay_id: value }] of scope.present("Segment")) {
    const other = value === undefined ? undefined : rival(scope.draft, claim.vni(value), path);
    if (other) {
      const why = `is the VNI of ${other}; take another, or leave it out and one is chosen`;
      yield { path, field: "overlay_id", value, why };
    }
  }
};
