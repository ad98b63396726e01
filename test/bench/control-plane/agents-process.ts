/** Very many agents, for the bench: asked and answering over IPC. */
import { systemClock } from "../../../src/base/system-clock.edge.ts";
import { connectTo } from "../../../src/lcp/connect.edge.ts";
import { Follower } from "../../../src/lcp/follower.ts";
import { type Commit, NOTHING_HELD } from "../../../src/lcp/subscription.ts";
import type { AgentStats, ToAgents } from "./messages.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const followers: Follower[] = [];
let delaysMs: number[] = [];

function start({ port, all }: Extract<ToAgents, { ask: "start" }>): void {
  for (const as of all) {
    const follower = new Follower({
      ...{ clock: systemClock, random: Math.random, log, judge: () => undefined },
      store: { load: () => NOTHING_HELD, commit: () => undefined },
      connect: connectTo({ host: "127.0.0.1", port, is: { role: "gateway", id: "pcg-a" } }, as, systemClock),
      committed: measure,
    });
    followers.push(follower);
    // As VMs do that were told at random when to come.
    systemClock.after(Math.random() * all.length * PACE_MS, () => follower.start());
  }
}

/** A handshake costs both ends some four milliseconds. */
const PACE_MS = 10;

/** Of deltas alone: what a snapshot brings was made long ago. */
function measure({ upserts }: Commit): void {
  if (upserts.length > 20) return;
  const now = process.hrtime.bigint();
  for (const { body } of upserts) {
    const { name } = body as { name?: string };
    if (name !== undefined) delaysMs.push(Number(now - BigInt(name)) / 1e6);
  }
}

process.on("message", (message: ToAgents) => {
  if (message.ask === "start") start(message);
  const current = followers.filter(({ connection, held }) => connection.connected && held.instance !== null).length;
  const answer: AgentStats = { current, delaysMs };
  delaysMs = [];
  process.send?.(answer);
});
