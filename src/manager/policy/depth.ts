import { PcgError } from "../../base/error.ts";

/** Deeper than any body has reason to be; nothing here goes into it further than this. */
const DEEPEST = 20;

/**
 * Looks without recursion, so that what is too deep is refused and does not overflow.
 * @throws MANAGER_BAD_REQUEST
 */
export function refuseDeep(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new PcgError("MANAGER_BAD_REQUEST", {
        field: "",
        why: `is nested more than ${DEEPEST} deep; no object of the policy tree is`,
      });
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}
