import type { Log } from "../../base/log.ts";
import type { Channel, ChannelEvents } from "../../lcp/channel.ts";
import type { ReportBody } from "../../model/report.ts";
import { GatewayReport, type GatewayReportWorld } from "./gateway-report.ts";

/** Resources of one gateway: many times what one has. */
const MOST_RESOURCES = 100_000;

export interface ReportsOptions extends Pick<GatewayReportWorld, "clock" | "random" | "log"> {
  /** Resources that are kept of each gateway, at most. */
  readonly most?: number;
}

/**
 * What the gateways report: each of itself, as its certificate names it, and of nothing else. It is in memory only, as
 * each gateway says everything again to a manager that has not heard it.
 */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #gateways = new Map<string, GatewayReport>();
  readonly #listeners = new Set<(gateway: string) => void>();

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** @param gateway as its certificate names it */
  accept(gateway: string, channel: Channel): Omit<ChannelEvents, "opened"> {
    const known = this.#gateways.get(gateway);
    if (known) return known.accept(channel);
    const { clock, random, log, most = MOST_RESOURCES } = this.#options;
    const changed = () => {
      for (const tell of this.#listeners) tell(gateway);
    };
    const made = new GatewayReport({ clock, random, most, changed, log: logOf(gateway, log) });
    this.#gateways.set(gateway, made);
    return made.accept(channel);
  }

  /** Calls `tell` with a gateway when it has said something new, came or went; until its undo. */
  listen(tell: (gateway: string) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** Those that were ever here, and are not {@link forget forgotten}. */
  gateways(): string[] {
    return [...this.#gateways.keys()].toSorted();
  }

  isConnected(gateway: string): boolean {
    return this.#gateways.get(gateway)?.connected ?? false;
  }

  /** What a gateway said last of itself. */
  gateway(gateway: string): ReportBody<"gateway"> | undefined {
    return this.#gateways.get(gateway)?.all("gateway")[0];
  }

  problems(gateway: string): ReportBody<"problem">[] {
    return this.#gateways.get(gateway)?.all("problem") ?? [];
  }

  agents(gateway: string): ReportBody<"agent">[] {
    return this.#gateways.get(gateway)?.all("agent") ?? [];
  }

  leases(gateway: string): ReportBody<"lease">[] {
    return this.#gateways.get(gateway)?.all("lease") ?? [];
  }

  /** A gateway that is no more. If it comes again nevertheless, it says everything anew. */
  forget(gateway: string): void {
    this.#gateways.get(gateway)?.stop();
    this.#gateways.delete(gateway);
  }

  stop(): void {
    for (const gateway of this.gateways()) this.forget(gateway);
  }
}

const logOf = (gateway: string, log: Log): Log => ({
  info: (text, facts) => log.info(`${gateway}: ${text}`, facts),
  warn: (text, facts) => log.warn(`${gateway}: ${text}`, facts),
  error: (text, facts) => log.error(`${gateway}: ${text}`, facts),
});
