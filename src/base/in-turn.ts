/** Each, over and over. There must be one. */
export function* inTurn<T>(all: readonly T[]): Generator<T, never> {
  for (;;) yield* all;
}
