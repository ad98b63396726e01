import { FORWARDING, type KernelKind, type KernelObject } from "../model/kernel-object.ts";
import { keyOf, textOf } from "../model/object-text.ts";
import { type Step, subjectOf } from "../model/step.ts";

/**
 * The order of building: policy before anything can pass, links before what sits on them, map entries before the
 * programs that read them, forwarding last. Removal runs the other way.
 */
const order: readonly KernelKind[] = [
  "nft-table",
  "nft-counter",
  "nft-set",
  "nft-element",
  "nft-chain",
  "nft-base-chain",
  "veth-pair",
  "gro-limit",
  "sysctl",
  "address",
  "neighbour",
  "route",
  "rule",
  "bpf-entry",
  "bpf-program",
];
const rankOfKind = new Map(order.map((kind, rank) => [kind, rank]));

export const isGate = (o: KernelObject): boolean => o.kind === "sysctl" && o.name === FORWARDING;

const rank = (step: Step) => {
  const o = subjectOf(step);
  return isGate(o) ? order.length : (rankOfKind.get(o.kind) ?? 0);
};

/** What is in the kernel, by {@link keyOf}. */
export type Have = ReadonlyMap<string, KernelObject>;

export const byKey = (objects: readonly KernelObject[]): Map<string, KernelObject> =>
  new Map(objects.map((o) => [keyOf(o), o]));

/**
 * The shortest ordered list of steps that turns what is into what should be. Adds come before removals, so that
 * nothing goes dark; a gate that must close closes before everything.
 */
export function plan(want: readonly KernelObject[], have: Have): Step[] {
  const wanted = new Set<string>();
  const builds: Step[] = [];
  for (const to of want) {
    const key = keyOf(to);
    wanted.add(key);
    const from = have.get(key);
    if (!from) builds.push({ do: "add", object: to });
    else if (!isSame(from, to)) builds.push({ do: "change", from, to });
  }
  const removals: Step[] = [];
  for (const [key, object] of have) if (!wanted.has(key)) removals.push({ do: "remove", object });
  const closing = removals.filter((s) => isGate(subjectOf(s)));
  const rest = removals.filter((s) => !isGate(subjectOf(s)));
  return [...closing, ...builds.toSorted((a, b) => rank(a) - rank(b)), ...rest.toSorted((a, b) => rank(b) - rank(a))];
}

/** What is there no more, is another, or is new, most fundamental first: each as a step from `before` to `now`. */
export function difference(before: Have, now: Have): Step[] {
  return plan([...now.values()], before).toSorted((a, b) => rank(a) - rank(b));
}

/** Of the kinds that come by the ten thousand, fields are compared; of the others, what an administrator would read. */
function isSame(a: KernelObject, b: KernelObject): boolean {
  if (a === b) return true;
  if ((a.kind === "bpf-entry" && b.kind === "bpf-entry") || (a.kind === "nft-element" && b.kind === "nft-element"))
    return a.value === b.value;
  return textOf(a) === textOf(b);
}
