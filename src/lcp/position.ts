import type { Brand } from "../base/brand.ts";

/**
 * Where a source of state is in its history: a number that only grows, by one with each change. When a source starts it
 * goes on from the time it is (seconds since 2024 above 22 bits of changes), so that a source that was put back to an
 * earlier state (a restored backup) never calls two things by one number.
 */
export type Position = Brand<number, "Position">;

const CHANGES = 2 ** 22;
const EPOCH_MS = Date.UTC(2024);

/** Nothing has happened yet. */
export const START = 0 as Position;

/** After one more change. */
export const after = (at: Position): Position => (at + 1) as Position;

/** @param wallMs milliseconds since 1970 */
export const resumedAt = (at: Position, wallMs: number): Position =>
  Math.max(at, Math.floor((wallMs - EPOCH_MS) / 1_000) * CHANGES) as Position;
