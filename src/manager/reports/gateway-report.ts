import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Channel, ChannelEvents } from "../../lcp/channel.ts";
import { Follower } from "../../lcp/follower.ts";
import { idOf, type Resource, type ResourceId } from "../../lcp/resource.ts";
import { type Commit, NOTHING_HELD } from "../../lcp/subscription.ts";
import { formatFlaw } from "../../model/flaw.ts";
import { type ReportBody, type ReportType, reportFlaws } from "../../model/report.ts";

export interface GatewayReportWorld {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Resources that are kept of a gateway, at most. */
  readonly most: number;
  /** What it says has changed, or whether it is connected. */
  changed(): void;
}

/** Gone with the process: the gateway knows it, and says it again. */
const inMemory = { load: () => NOTHING_HELD, commit: () => undefined };

/** What one gateway reports. It stays while the gateway is away. */
export class GatewayReport {
  readonly #world: GatewayReportWorld;
  readonly #follower: Follower;
  readonly #byType = new Map<string, Map<ResourceId, unknown>>();
  #connected = false;

  constructor(world: GatewayReportWorld) {
    this.#world = world;
    const { clock, random, log, most } = world;
    this.#follower = new Follower({
      ...{ clock, random, log, most, judge, store: inMemory },
      committed: (commit) => this.#committed(commit),
    });
  }

  /** Whether it has spoken on a connection that stands. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The gateway has come, on this channel. */
  accept(channel: Channel): Omit<ChannelEvents, "opened"> {
    const events = this.#follower.accept(channel);
    this.#look();
    return {
      message: (text) => {
        events.message(text);
        this.#look();
      },
      drained: events.drained,
      closed: (reason) => {
        events.closed(reason);
        this.#look();
      },
    };
  }

  stop(): void {
    this.#follower.stop();
  }

  all<T extends ReportType>(type: T): ReportBody<T>[] {
    return [...(this.#byType.get(type)?.values() ?? [])] as ReportBody<T>[];
  }

  #committed({ upserts, deletes }: Commit): void {
    for (const resource of upserts) {
      const its = this.#byType.get(resource.type) ?? new Map<ResourceId, unknown>();
      this.#byType.set(resource.type, its.set(idOf(resource), resource.body));
    }
    for (const id of deletes) this.#byType.get(id.slice(0, id.indexOf("/")))?.delete(id);
    if (upserts.length + deletes.length > 0) this.#world.changed();
  }

  #look(): void {
    const { connected } = this.#follower.connection;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#world.changed();
  }
}

function judge(resource: Resource): string | undefined {
  const flaws = reportFlaws(resource);
  return flaws.length > 0 ? flaws.map(formatFlaw).join("; ") : undefined;
}
