import { type ErrorCode, PcgError } from "../../base/error.ts";
import type { Flaw } from "../../model/flaw.ts";

/** More than anybody mends at once. */
const MOST_FLAWS = 100;

/** @throws with the first flaw's field, value and why, and all of them in `flaws`; nothing where there is none */
export function refuse(code: ErrorCode, flaws: readonly Flaw[], about: Record<string, unknown> = {}): void {
  const [first] = flaws;
  if (first) throw new PcgError(code, { ...about, ...first, flaws: flaws.slice(0, MOST_FLAWS) });
}
