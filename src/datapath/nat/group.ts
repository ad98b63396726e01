import { createHash } from "node:crypto";
import { fieldsOf, hasInterval, keyOfMatch, type Match, meet } from "./match.ts";
import type { Translation } from "./translation.ts";

/** Translations one map look-up can decide: same fields, same form of result, no packet fits two of them. */
export interface Group {
  readonly name: string;
  readonly members: readonly Translation[];
}

const shapeOf = ({ action, match, to, log }: Translation): string => {
  const fields = fieldsOf(match).map((f) => f.of);
  const alone = log || to.form === "prefix" || fields.length === 0;
  return [
    action,
    ...fields,
    to.form,
    hasInterval(match) ? "ranges" : "values",
    ...(alone ? [log ?? "alone"] : []),
  ].join(".");
};

/**
 * Cuts a list in order of asking into runs of one shape, so that a look-up's cost does not grow with the number of
 * rules in a run. A rule that could take packets from an earlier one of its run starts a new run: order is kept.
 */
export function groupsOf(translations: readonly Translation[], chain: string): Group[] {
  const runs: { shape: string; members: Translation[]; index: Index }[] = [];
  for (const translation of translations) {
    const shape = shapeOf(translation);
    const last = runs.at(-1);
    const single = shape.endsWith(".alone");
    if (last && last.shape === shape && !single && last.index.add(translation.match)) last.members.push(translation);
    else {
      const index = new Index();
      index.add(translation.match);
      runs.push({ shape, members: [translation], index });
    }
  }
  const seen = new Map<string, number>();
  return runs.map(({ shape, members }) => {
    const n = seen.get(shape) ?? 0;
    seen.set(shape, n + 1);
    return { name: `${chain}-${digest(shape)}-${n}`, members };
  });
}

/** Names carry their shape, so that a set of one name never has to change its type. */
const digest = (shape: string) => createHash("sha256").update(shape).digest("hex").slice(0, 6);

/** The matches of a run; refuses one that meets another. Exact keys are compared by name, ranges one by one. */
class Index {
  readonly #exact = new Set<string>();
  readonly #ranged: Match[] = [];

  add(match: Match): boolean {
    if (hasInterval(match)) {
      if (this.#ranged.some((other) => meet(match, other))) return false;
      this.#ranged.push(match);
      return true;
    }
    const key = keyOfMatch(match);
    if (this.#exact.has(key)) return false;
    this.#exact.add(key);
    return true;
  }
}
