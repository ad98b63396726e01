/** A number below what it is given. */
export type Dice = (below: number) => number;

/** Rolls the same numbers every time (mulberry32): what is found once is found again. */
export function dice(seed: number): Dice {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), state | 1);
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61);
    return ((n ^ (n >>> 14)) >>> 0) % below;
  };
}
