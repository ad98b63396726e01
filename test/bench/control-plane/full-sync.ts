import { systemClock } from "../../../src/base/system-clock.edge.ts";
import { type Credentials, connectTo } from "../../../src/lcp/connect.edge.ts";
import { Follower } from "../../../src/lcp/follower.ts";
import { NOTHING_HELD } from "../../../src/lcp/subscription.ts";
import { WIDE } from "./state.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** How long the wide agent, which holds nothing, takes to connect and hold all that concerns it: ms. */
export async function fullSync(port: number, as: Credentials): Promise<number> {
  const began = performance.now();
  const done = Promise.withResolvers<void>();
  const follower: Follower = new Follower({
    ...{ clock: systemClock, random: Math.random, log, judge: () => undefined },
    store: { load: () => NOTHING_HELD, commit: () => undefined },
    connect: connectTo({ host: "127.0.0.1", port, is: { role: "gateway", id: "pcg-a" } }, as, systemClock),
    committed: () => {
      if (follower.held.resources.size >= WIDE.resources) done.resolve();
    },
  });
  follower.start();
  await done.promise;
  const took = performance.now() - began;
  follower.stop();
  return took;
}
