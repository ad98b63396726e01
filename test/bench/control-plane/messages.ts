import type { Credentials } from "../../../src/lcp/connect.edge.ts";

/** What the bench asks of the gateway's process. */
export type ToGateway =
  | { readonly ask: "start"; readonly as: Credentials; readonly endpoints: number; readonly agents: number }
  | { readonly ask: "stats" }
  | { readonly ask: "change"; readonly perSecond: number; readonly seconds: number }
  | { readonly ask: "hang up" };

export interface GatewayStats {
  readonly port: number;
  readonly agents: number;
  /** Of the process, after its garbage was collected. */
  readonly rssBytes: number;
  /** Since it was asked last: how late the event loop was, 99th percentile. */
  readonly loopP99Ms: number;
}

/** What the bench asks of a process of agents. */
export type ToAgents =
  | { readonly ask: "start"; readonly port: number; readonly from: number; readonly all: readonly Credentials[] }
  | { readonly ask: "stats" };

export interface AgentStats {
  /** Agents that hold something and are connected. */
  readonly current: number;
  /** Since it was asked last: from a change at the source to its being held, of every agent and change. */
  readonly delaysMs: readonly number[];
}
