import type { Clock } from "../base/clock.ts";
import type { Admission } from "./publication.ts";

interface Limits {
  /** Snapshots under way at once. */
  readonly most: number;
  readonly perSecond: number;
  /** Who is turned away comes again after so many milliseconds, at random between the two. */
  readonly retryMs: readonly [number, number];
}

const usualLimits: Limits = { most: 64, perSecond: 50, retryMs: [5_000, 60_000] };

/**
 * Lets so many snapshots begin that those under way are soon done: after a restart all receivers come at once.
 *
 * @param random from 0 to less than 1
 */
export function limitSnapshots(
  clock: Clock,
  random: () => number,
  { most, perSecond, retryMs: [soonest, latest] }: Limits = usualLimits,
): Admission {
  let underWay = 0;
  let tokens = perSecond;
  let filledAt = clock.now();
  return {
    begin() {
      tokens = Math.min(perSecond, tokens + ((clock.now() - filledAt) * perSecond) / 1_000);
      filledAt = clock.now();
      if (underWay >= most || tokens < 1) return { retryAfterMs: soonest + random() * (latest - soonest) };
      tokens--;
      underWay++;
      let over = false;
      return {
        end: () => {
          if (!over) underWay--;
          over = true;
        },
      };
    },
  };
}
