/** How long and how often to measure. */
export interface BenchOptions {
  /** Rounds of each comparison. */
  readonly rounds: number;
  /** Entries of a gateway, one comparison each. */
  readonly sizes: readonly number[];
  /** Which peers of datapath.ts. */
  readonly peers: readonly string[];
  /** Which work of path-cells.ts. */
  readonly works: readonly string[];
  /** CPUs of the gateway: one for both ports' threads, or one for each. */
  readonly cores: 1 | 2;
  /** Shorter measurements: to see that it works, not to quote. */
  readonly quick: boolean;
  /** Says how far it is. */
  readonly progress: (text: string) => void;
}
