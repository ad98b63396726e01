import type { Rate } from "../../base/throttle.ts";

/** What the API takes at most. */
export interface Limits {
  readonly bodyBytes: number;
  /** Of a PATCH of the whole tree. */
  readonly treeBytes: number;
  /** Lists and objects in one another. */
  readonly depth: number;
  readonly values: number;
  readonly perToken: Rate;
  readonly perSource: Rate;
  /** Attempts with a token that is not good, of one source. */
  readonly refusedPerSource: Rate;
  readonly connections: number;
  readonly connectionsPerSource: number;
  readonly handshakes: Rate;
  readonly handshakesPerSource: Rate;
  /** Bytes of all bodies that are on their way in; of all answers on their way out. */
  readonly bodiesBytes: number;
  readonly answersBytes: number;
  /** For a TLS handshake, and for a request's headers. */
  readonly headersMs: number;
  /** For a request as a whole. */
  readonly requestMs: number;
  /** Nothing was read or written for so long: the connection ends. */
  readonly idleMs: number;
}

const MIB = 1_048_576;

export const usualLimits: Limits = {
  bodyBytes: MIB,
  treeBytes: 8 * MIB,
  depth: 40,
  values: 1_000_000,
  perToken: { perSecond: 200, burst: 400 },
  perSource: { perSecond: 400, burst: 800 },
  refusedPerSource: { perSecond: 0.2, burst: 20 },
  connections: 1_000,
  connectionsPerSource: 100,
  handshakes: { perSecond: 200, burst: 400 },
  handshakesPerSource: { perSecond: 50, burst: 100 },
  bodiesBytes: 64 * MIB,
  answersBytes: 64 * MIB,
  headersMs: 10_000,
  requestMs: 60_000,
  idleMs: 30_000,
};
