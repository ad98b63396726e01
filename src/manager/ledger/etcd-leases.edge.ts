import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import type { EtcdClient } from "./etcd-client.edge.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { isUnchanged, type KeyValue, put, range, remove, type Transaction } from "./etcd-messages.ts";
import type { Lease, Leases } from "./leases.ts";

type Held = Pick<Lease, "epoch" | "holder">;

interface Wish {
  readonly name: string;
  readonly holder: string;
  readonly seconds: number;
}

/** What is in etcd about one lease. */
interface Found {
  /** Goes away when the etcd lease it is bound to ends. */
  readonly lease: KeyValue | undefined;
  readonly epoch: KeyValue | undefined;
}

/** How often it may be taken by another between our look and our try, or have ended and not be gone yet. */
const TRIES = 10;
const PAUSE_MS = 200;

/** Leases by those of etcd: its own clock says when they end, whatever the time is on managers. */
export class EtcdLeases implements Leases {
  readonly #client: EtcdClient;
  readonly #keys: EtcdKeys;
  readonly #clock: Clock;

  constructor(client: EtcdClient, keys: EtcdKeys, clock: Clock) {
    this.#client = client;
    this.#keys = keys;
    this.#clock = clock;
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease> {
    const wish: Wish = { name, holder, seconds: Math.max(1, Math.ceil(ttlMs / 1000)) };
    for (let left = TRIES; left > 0; left--) {
      const { lease, epoch } = await this.#find(name);
      const held = lease && heldIn(lease);
      const now =
        lease && held
          ? await (held.holder === holder ? this.#prolong(wish, lease, held) : this.#current(lease, held))
          : await this.#take(wish, epoch);
      if (now) return now;
      await new Promise<void>((resolve) => void this.#clock.after(PAUSE_MS, resolve));
    }
    throw new PcgError("MANAGER_STORE", { lease: name, why: "is taken and given up all the time" });
  }

  async release(name: string, { holder, epoch }: Held): Promise<void> {
    const { lease } = await this.#find(name);
    const held = lease && heldIn(lease);
    if (!lease || held?.holder !== holder || held.epoch !== epoch) return;
    const key = this.#keys.lease(name);
    await this.#client.transact({ compare: [isUnchanged(key, lease.modRevision)], success: [remove(key)] });
  }

  async read(name: string): Promise<Lease | undefined> {
    const { lease, epoch } = await this.#find(name);
    const now = lease && (await this.#current(lease, heldIn(lease)));
    return now ?? (epoch && { ...heldIn(epoch), expiresAt: 0 });
  }

  async #find(name: string): Promise<Found> {
    const { read } = await this.#client.transact({
      compare: [],
      success: [range({ key: this.#keys.lease(name) }), range({ key: this.#keys.epoch(name) })],
    });
    return { lease: read[0]?.[0], epoch: read[1]?.[0] };
  }

  /** Undefined: it has ended meanwhile. */
  async #prolong({ name, holder, seconds }: Wish, lease: KeyValue, held: Held): Promise<Lease | undefined> {
    const asked = this.#clock.wall();
    const kept = await this.#client.keepLease(lease.lease);
    if (kept >= seconds) return { ...held, expiresAt: asked + kept * 1000 };
    if (kept === 0) return undefined;
    // What etcd grants once stays as long as that.
    const key = this.#keys.lease(name);
    return this.#grant(seconds, { epoch: held.epoch, holder }, (id) => ({
      compare: [isUnchanged(key, lease.modRevision)],
      success: [put(key, JSON.stringify(held), id)],
    }));
  }

  async #current(lease: KeyValue, held: Held): Promise<Lease | undefined> {
    const asked = this.#clock.wall();
    const seconds = await this.#client.leaseSecondsLeft(lease.lease);
    return seconds === undefined ? undefined : { ...held, expiresAt: asked + seconds * 1000 };
  }

  /** Undefined: another was faster. */
  #take({ name, holder, seconds }: Wish, epoch: KeyValue | undefined): Promise<Lease | undefined> {
    const held: Held = { epoch: (epoch ? heldIn(epoch).epoch : 0) + 1, holder };
    const [lease, last] = [this.#keys.lease(name), this.#keys.epoch(name)];
    return this.#grant(seconds, held, (id) => ({
      compare: [isUnchanged(lease, 0), isUnchanged(last, epoch?.modRevision ?? 0)],
      success: [put(lease, JSON.stringify(held), id), put(last, JSON.stringify(held))],
    }));
  }

  /** A grant that is not used in the end ends by itself. */
  async #grant(seconds: number, held: Held, use: (id: string) => Transaction): Promise<Lease | undefined> {
    const asked = this.#clock.wall();
    const granted = await this.#client.grantLease(seconds);
    const { succeeded } = await this.#client.transact(use(granted.id));
    return succeeded ? { ...held, expiresAt: asked + granted.seconds * 1000 } : undefined;
  }
}

function heldIn({ key, value }: KeyValue): Held {
  try {
    const { epoch, holder } = JSON.parse(value.toString()) as Partial<Held>;
    if (typeof epoch === "number" && typeof holder === "string") return { epoch, holder };
  } catch {
    // Said below.
  }
  throw new PcgError("MANAGER_STORE", { key, why: "is no lease" });
}
