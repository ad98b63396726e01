import { type ErrorCode, PcgError } from "../../base/error.ts";
import type { Flaw } from "../../model/flaw.ts";

/** More than anybody mends at once. */
export const MOST_FLAWS = 100;

/** @throws with the first flaw's field, value and why, and all of them in `flaws`; nothing where there is none */
export function refuse(code: ErrorCode, flaws: readonly Flaw[]): void {
  const shown = flaws.slice(0, MOST_FLAWS).map(brief);
  const [first] = shown;
  if (first) throw new PcgError(code, { ...first, flaws: shown });
}

/** Enough to recognise what was sent; it may have been a megabyte. */
const LONGEST = 300;

const brief = (flaw: Flaw): Flaw => ({
  ...flaw,
  field: cut(flaw.field),
  value: typeof flaw.value === "string" ? cut(flaw.value) : flaw.value,
});

const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
