/** Time, as everything that waits sees it. */
export interface Clock {
  /** Milliseconds on a line that never goes backwards. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump. Only for what people and files see. */
  wall(): number;
  /** Runs `fn` once, `ms` from now. Returns its undo. */
  after(ms: number, fn: () => void): () => void;
}
