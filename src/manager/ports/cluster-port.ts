import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { ClusterStatus } from "../http/answers.ts";
import type { Leases } from "../ledger/leases.ts";
import { idIn } from "../policy/kinds.ts";
import type { Commits, Documents } from "../state/documents.ts";

const CLUSTER = "/cluster";
const MANAGERS = "/managers/";

/** How often a manager says that it lives, and how long it is believed. */
const BEAT_MS = { every: 5_000, good: 15_000 } as const;

/** What all managers over one store call themselves together. Made by the first of them. @throws MANAGER_STORE */
export async function clusterId(commits: Commits): Promise<string> {
  const known = () => (commits.documents.get(CLUSTER) as { readonly id: string } | undefined)?.id;
  const made = { id: randomUUID() };
  await commits.commit("nsx-manager", (documents) => new Map(documents.get(CLUSTER) ? [] : [[CLUSTER, made]]));
  return known() ?? made.id;
}

export interface ClusterWorld {
  readonly commits: Commits;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  /** This manager's name among those over the store, and where its API is. */
  readonly name: string;
  readonly address: string;
}

/** The managers over one store: each says every few seconds that it lives. */
export class Cluster {
  readonly #world: ClusterWorld;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  /**
   * Each start is a change: gateways that know of it follow this life of the store.
   *
   * @throws MANAGER_STORE
   */
  async start(): Promise<void> {
    const { commits, clock, name, address } = this.#world;
    await commits.commit("nsx-manager", () => new Map([[MANAGERS + name, { address, startedAt: clock.wall() }]]));
    await this.#beat();
  }

  async status(): Promise<ClusterStatus> {
    const { commits, leases, clock } = this.#world;
    const managers = await Promise.all(
      managersIn(commits.documents).map(async ({ name, address }) => {
        const lease = await leases.read(leaseOf(name));
        return { node: { uuid: name, address }, isOnline: (lease?.expiresAt ?? 0) > clock.wall() };
      }),
    );
    const online_nodes = managers.filter(({ isOnline }) => isOnline).map(({ node }) => node);
    const offline_nodes = managers.filter(({ isOnline }) => !isOnline).map(({ node }) => node);
    const status = offline_nodes.length > 0 ? "DEGRADED" : "STABLE";
    const { id: cluster_id } = commits.documents.get(CLUSTER) as { readonly id: string };
    return {
      cluster_id,
      mgmt_cluster_status: { status, online_nodes, offline_nodes },
      control_cluster_status: { status },
    };
  }

  /** A manager that ends on purpose is not missed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const { commits, leases, name } = this.#world;
    await commits.commit("nsx-manager", () => new Map([[MANAGERS + name, undefined]]));
    const lease = await leases.read(leaseOf(name));
    if (lease?.holder === name) await leases.release(leaseOf(name), lease);
  }

  async #beat(): Promise<void> {
    const { leases, clock, log, name } = this.#world;
    try {
      await leases.acquire(leaseOf(name), name, BEAT_MS.good);
    } catch (error) {
      log.warn("the store cannot be told that this manager lives", { why: messageOf(error) });
    }
    if (!this.#stopped) this.#cancel = clock.after(BEAT_MS.every, () => void this.#beat());
  }
}

const leaseOf = (name: string) => `manager-${name}`;

const managersIn = (documents: Documents) =>
  [...documents.under(MANAGERS)].map(([key, value]) => ({
    name: idIn(key),
    ...(value as { readonly address: string }),
  }));
