import fc from "fast-check";
import { expect, test } from "vitest";
import { World } from "./world.ts";

/** A second between hurried attempts, some latencies, and what a look every 100 ms takes. */
const SOON_MS = 2_500;

/** When a gateway's state and its reports are back after the controller was away for so long, in milliseconds. */
function back(seed: number, awayMs: number) {
  const world = new World(seed);
  const gateway = world.node(0);
  const connections = [`${gateway.name} ccp`, `${gateway.name} reports`];
  world.clock.advance(60_000);
  for (const name of connections) world.network.cut(name);
  world.clock.advance(awayMs);
  for (const name of connections) world.network.mend(name);
  const at: { state?: number; reports?: number } = {};
  for (let ms = 0; ms < 120_000; ms += 100, world.clock.advance(100)) {
    if (gateway.follower?.connection.connected) at.state ??= ms;
    if (gateway.reporting?.connected) at.reports ??= ms;
  }
  return at;
}

test("what is wanted and what is reported are back together, however long the controller was away", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 60_000, max: 1_200_000 }), (seed, awayMs) => {
      const { state = Number.NaN, reports = Number.NaN } = back(seed, awayMs);
      expect(Math.abs(state - reports)).toBeLessThanOrEqual(SOON_MS);
    }),
    { numRuns: 100 },
  );
});
