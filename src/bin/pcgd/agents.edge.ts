import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { limitSnapshots } from "../../lcp/admission.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { Relay } from "../../lcp/relay.ts";
import { RelayServer } from "../../lcp/relay-server.ts";
import { agentReferences } from "../../lcp/runtime-references.ts";
import { type Serving, serve } from "../../lcp/serve.edge.ts";
import type { Commit, Held } from "../../lcp/subscription.ts";
import { AgentList } from "./agent-list.ts";

export interface AgentsOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: () => Credentials;
  readonly clock: Clock;
  readonly log: Log;
  /** What the gateway was told. */
  readonly held: () => Held;
}

/** An agent that is connected. */
interface AgentRow {
  readonly id: string;
  /** Whether it holds all that concerns it. */
  readonly current: boolean;
  readonly refused: number;
}

/** The gateway as Local Control Plane: passes on to each agent what concerns it of what the controller told. */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #server: RelayServer;
  readonly #list: AgentList;
  #serving: Serving | undefined;

  constructor(options: AgentsOptions) {
    this.#options = options;
    const { clock, log, held } = options;
    this.#list = new AgentList(held());
    // An agent that knows more than its gateway heard it from the twin: it waits until this one has caught up.
    const upstream = { held, behind: () => undefined };
    this.#server = new RelayServer(
      new Relay(upstream, agentReferences, limitSnapshots(clock, Math.random)),
      clock,
      log,
    );
  }

  /** Tries again until the port is to be had. */
  async start(): Promise<void> {
    const { host, port, credentials, clock, log } = this.#options;
    const accept = this.#server.accept.bind(this.#server);
    try {
      this.#serving = await serve(
        { host, port, as: credentials(), role: "agent" },
        { clock, log, accept, isRefused: ({ id }, serial) => this.#list.isRefused(id, serial, clock.wall()) },
      );
    } catch (error) {
      log.warn("agents cannot be served yet", { host, port, why: messageOf(error) });
      clock.after(RETRY_MS, () => void this.start());
    }
  }

  /** There are other credentials now. */
  renewed(): void {
    this.#serving?.renew(this.#options.credentials());
  }

  committed(commit: Commit): void {
    if (this.#list.committed(commit)) this.#serving?.endRefused();
    this.#server.committed(commit);
  }

  rows(): AgentRow[] {
    const at = this.#options.held().at;
    return [...this.#server.receivers()]
      .map(({ receiver, publication }) => ({
        id: receiver,
        current: publication.pending === 0 && publication.at !== undefined && publication.at <= at,
        refused: publication.refused.size,
      }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Connections that were turned away, by reason. */
  refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#serving?.refused ?? []);
  }
}

const RETRY_MS = 2_000;
