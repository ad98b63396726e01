import { PcgError } from "../base/error.ts";
import type { Checked } from "./check.ts";
import type { DesiredState } from "./desired.ts";
import { desiredOf, pieceBehind, type RuntimePieces } from "./desired-of.ts";
import { type Flaw, formatFlaw } from "./flaw.ts";
import type { RuntimePiece } from "./runtime.ts";

/** A wish without what is wrong with its pieces. */
export interface SoundWish {
  readonly want: DesiredState;
  /** What it is made of. */
  readonly pieces: RuntimePieces;
  /** Why the newest of a piece is not among them. */
  readonly refused: ReadonlyMap<string, string>;
}

export interface WishOptions {
  readonly generation: number;
  readonly check: (want: DesiredState) => Checked<DesiredState>;
  /** What the last wish was made of. */
  readonly before: RuntimePieces;
}

/**
 * The desired state that the pieces make together. A piece that does not go with the others is left as it was in the
 * wish before, or out of it if it is new; the rest is done. Of two that contradict each other, the one that changed has
 * to give way.
 *
 * @throws CONFIG_REFUSED where that leads nowhere
 */
export function soundWish(offered: RuntimePieces, { generation, check, before }: WishOptions): SoundWish {
  const pieces = new Map(offered);
  const refused = new Map<string, string>();
  for (;;) {
    const checked = check(desiredOf(pieces, generation));
    if (checked.ok) return { want: checked.value, pieces, refused };
    const bad = culprits(checked.flaws, pieces, before);
    if (bad.size === 0) throw new PcgError("CONFIG_REFUSED", { flaws: checked.flaws.map(formatFlaw) });
    for (const [name, flaw] of bad) {
      retreat(name, pieces, before);
      if (!refused.has(name)) refused.set(name, formatFlaw(flaw));
    }
  }
}

/** Back to what it was, or out if it was that already. */
function retreat(name: string, pieces: Map<string, RuntimePiece>, before: RuntimePieces): void {
  const former = before.get(name);
  if (former && former !== pieces.get(name)) pieces.set(name, former);
  else pieces.delete(name);
}

function culprits(flaws: readonly Flaw[], pieces: RuntimePieces, before: RuntimePieces): Map<string, Flaw> {
  const found = flaws.map((flaw) => [culprit(flaw, pieces, before), flaw] as const);
  return new Map(found.flatMap(([name, flaw]) => (name === undefined ? [] : [[name, flaw] as const])));
}

/** The piece a flaw is put down to: of those it names the first that changed, else the first. */
function culprit(flaw: Flaw, pieces: RuntimePieces, before: RuntimePieces): string | undefined {
  const fields = [flaw.field, ...flaw.why.matchAll(/[a-z0-9.]+\[\d+\][^ ]*/gi)].map(String);
  const named = [...fields.map((field) => pieceBehind(field, pieces)), ...routesTo(flaw, pieces)];
  const present = named.filter((name) => name !== undefined);
  return present.find((name) => before.get(name) !== pieces.get(name)) ?? present[0];
}

/** A flaw of routes as a whole says which prefix it is about. */
const routesTo = ({ field, value }: Flaw, pieces: RuntimePieces): string[] =>
  field !== "tier0"
    ? []
    : [...pieces].flatMap(([name, { type, body }]) =>
        (type === "route" || type === "underlay") && body.prefix === value ? [name] : [],
      );
