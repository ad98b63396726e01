import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import { usualLimits } from "../http/limits.ts";
import { infraObject, treeInSteps } from "../policy/read-tree.ts";
import type { Fields } from "../policy/stored.ts";
import { typesIn } from "../policy/tree-type.ts";
import type { Documents } from "../state/documents.ts";

/** Documents that are looked at before others have their turn: some milliseconds. */
const SLICE = 1_000;
/** Trees that are read at once, each with a list of all documents. */
const MOST = 4;

/**
 * Reads the tree for the API: `/infra` itself or, with a filter, what is below it of some types. A tree is no larger
 * than what a PATCH may send.
 *
 * @throws when asked: MANAGER_BAD_REQUEST, MANAGER_TOO_FAST
 */
export function treePort(documents: () => Documents, clock: Clock): (filter: string | undefined) => Promise<Fields> {
  const pause = () => new Promise<void>((resolve) => void clock.after(0, resolve));
  let underWay = 0;
  return async (filter) => {
    if (filter === undefined) return infraObject;
    const only = typesIn(filter);
    if (underWay >= MOST) throw new PcgError("MANAGER_TOO_FAST", { why: `${MOST} trees are being read` });
    underWay++;
    try {
      return await inSlices(treeInSteps(documents(), { only, most: usualLimits.treeBytes }), pause);
    } finally {
      underWay--;
    }
  };
}

async function inSlices<T>(steps: Iterator<undefined, T>, pause: () => Promise<void>): Promise<T> {
  for (let n = 1; ; n++) {
    const { done, value } = steps.next();
    if (done) return value;
    if (n % SLICE === 0) await pause();
  }
}
