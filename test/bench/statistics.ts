/** Whose turn it is in a comparison. */
export type Side = "ours" | "peer";

/**
 * Turns of a comparison: A B B A A B B A …, two a round, so that whatever drifts over the run (heat, neighbours on the
 * machine) falls on both alike.
 */
export const turns = (rounds: number): Side[] =>
  Array.from({ length: rounds }, (_, n): Side[] => (n % 2 === 0 ? ["ours", "peer"] : ["peer", "ours"])).flat();

/** The middle of them. @throws RangeError when there is none */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Linear between the two nearest ranks. @throws RangeError when there is none */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError("nothing was measured");
  return low + (high - low) * (at - Math.floor(at));
}

/** A quantity that is better when it is less (a cost) or when it is more (a rate). */
export type Better = "less" | "more";

/** Above 1: ours is better. */
export const ratioOf = (better: Better, { ours, peer }: Record<Side, number>): number =>
  better === "less" ? peer / ours : ours / peer;
