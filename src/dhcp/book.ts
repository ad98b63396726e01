import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import { Deadlines } from "./deadlines.ts";
import { isHeld, type Lease, NEVER } from "./lease.ts";
import type { Pool } from "./pool.ts";
import type { Binding } from "./scope.ts";

/** Who asks. Two clients are the same one only if both names are; see {@link Book.lastOf} for the exception. */
export interface Client {
  readonly mac: Mac;
  /** Option 61 in hex. RFC 2131 §4.2: it names the client if there is one, and hardware type and address do if not. */
  readonly clientId: string | undefined;
  readonly binding: Binding | undefined;
}

/** What the engine may know of a segment's addresses. */
export interface LeaseView {
  /** What is remembered of an address. */
  at(ip: Ipv4): Lease | undefined;
  /** The client's lease, or the last it had. */
  lastOf(client: Client): Lease | undefined;
  /** Every lease this hardware holds, under whatever identifier. */
  boundTo(mac: Mac): readonly Lease[];
  offerTo(client: Client): Ipv4 | undefined;
  /** Whether the client could be given this address now: it has it, or nobody has it and it is one to give. */
  mayHave(client: Client, ip: Ipv4, now: number): boolean;
  /** Any free address. */
  anyFree(): Ipv4 | undefined;
}

/** What the engine wants done to a segment's addresses. */
export type Effect =
  | { readonly do: "offer"; readonly client: Client; readonly ip: Ipv4 }
  | { readonly do: "withdraw"; readonly client: Client }
  | { readonly do: "record"; readonly lease: Lease };

/** How long an address that was offered is kept for its client. */
const OFFER_MS = 30_000;

/** One moment, in milliseconds: `wall` is what leases go by, `now`, which never jumps, what offers go by. */
export interface Times {
  readonly wall: number;
  readonly now: number;
}

type Names = Pick<Client, "mac" | "clientId">;
const keyOf = ({ mac, clientId }: Names) => `${mac}/${clientId ?? ""}`;

/** The addresses of one segment: who has which, which are on offer, which are free. In memory. */
export class Book implements LeaseView {
  readonly #pool: Pool;
  readonly #leases = new Map<Ipv4, Lease>();
  readonly #byClient = new Map<string, Ipv4>();
  readonly #byClientId = new Map<string, Ipv4>();
  readonly #byMac = new Map<Mac, Set<Ipv4>>();
  readonly #offers = new Map<string, Ipv4>();
  readonly #offered = new Map<Ipv4, string>();
  readonly #offerEnds: Deadlines<string>;
  readonly #leaseEnds: Deadlines<Ipv4>;

  constructor(pool: Pool, leases: Iterable<Lease>, times: Times) {
    this.#pool = pool;
    this.#offerEnds = new Deadlines(times.now);
    this.#leaseEnds = new Deadlines(times.wall);
    // The newest last, so that it is what a client is remembered by.
    for (const lease of [...leases].toSorted((a, b) => a.start - b.start)) {
      const isOver = lease.state !== "released" && !isHeld(lease, times.wall);
      this.record(isOver ? { ...lease, state: "expired" } : lease, times.wall);
    }
  }

  at(ip: Ipv4): Lease | undefined {
    return this.#leases.get(ip);
  }

  /**
   * A client identifier also finds the lease of other hardware (a machine with a new card, RFC 4361 §4), but only once
   * that lease has ended: or anyone could take a neighbour's address by using its identifier.
   */
  lastOf(client: Client): Lease | undefined {
    const own = this.#byClient.get(keyOf(client));
    if (own !== undefined) return this.#leases.get(own);
    if (client.clientId === undefined) return undefined;
    const ip = this.#byClientId.get(client.clientId);
    const lease = ip === undefined ? undefined : this.#leases.get(ip);
    return lease?.state === "released" || lease?.state === "expired" ? lease : undefined;
  }

  boundTo(mac: Mac): readonly Lease[] {
    return [...(this.#byMac.get(mac) ?? [])].flatMap((ip) => {
      const lease = this.#leases.get(ip);
      return lease?.state === "bound" ? [lease] : [];
    });
  }

  offerTo(client: Client): Ipv4 | undefined {
    return this.#offers.get(keyOf(client));
  }

  mayHave(client: Client, ip: Ipv4, now: number): boolean {
    const isBound = client.binding?.ip === ip;
    if (!isBound && (client.binding || !this.#pool.includes(ip))) return false;
    const lease = this.#leases.get(ip);
    if (lease && isHeld(lease, now)) {
      const isSame = lease.clientId === client.clientId || isBound;
      return lease.state === "bound" && lease.mac === client.mac && isSame;
    }
    const offered = this.#offered.get(ip);
    return offered === undefined || offered === keyOf(client);
  }

  anyFree(): Ipv4 | undefined {
    return this.#pool.next();
  }

  offer(client: Client, ip: Ipv4, now: number): void {
    const key = keyOf(client);
    if (this.#offers.get(key) !== ip) this.#withdraw(key);
    this.#offers.set(key, ip);
    this.#offered.set(ip, key);
    this.#offerEnds.set(key, now + OFFER_MS);
    this.#pool.take(ip);
  }

  withdraw(client: Client): void {
    this.#withdraw(keyOf(client));
  }

  /** Makes this what is known of its address. */
  record(lease: Lease, wall: number): void {
    const former = this.#leases.get(lease.ip);
    if (former) this.#forget(former);
    const key = keyOf(lease);
    this.#withdraw(key);
    this.#withdraw(this.#offered.get(lease.ip));
    this.#leases.set(lease.ip, lease);
    if (lease.state === "bound") this.#byMac.set(lease.mac, (this.#byMac.get(lease.mac) ?? new Set()).add(lease.ip));
    if (lease.state !== "declined") {
      this.#byClient.set(key, lease.ip);
      if (lease.clientId !== undefined) this.#byClientId.set(lease.clientId, lease.ip);
    }
    if (!isHeld(lease, wall)) {
      this.#leaseEnds.clear(lease.ip);
      this.#pool.give(lease.ip);
      return;
    }
    if (lease.expires !== NEVER) this.#leaseEnds.set(lease.ip, lease.expires);
    else this.#leaseEnds.clear(lease.ip);
    this.#pool.take(lease.ip);
  }

  /** Ends what has run out. @returns the leases that were bound until now, as expired */
  sweep(times: Times): Lease[] {
    for (const key of this.#offerEnds.due(times.now)) this.#withdraw(key);
    const ended: Lease[] = [];
    for (const ip of this.#leaseEnds.due(times.wall)) {
      const lease = this.#leases.get(ip);
      if (!lease) continue;
      const expired: Lease = { ...lease, state: "expired" };
      this.#leases.set(ip, expired);
      if (!this.#offered.has(ip)) this.#pool.give(ip);
      if (lease.state === "bound") ended.push(expired);
    }
    return ended;
  }

  leases(): IterableIterator<Lease> {
    return this.#leases.values();
  }

  /** How full the pool is. `free` counts neither offered nor resting addresses. */
  usage(): { size: number; free: number; offered: number } {
    return { size: this.#pool.size, free: this.#pool.free, offered: this.#offers.size };
  }

  #forget(lease: Lease): void {
    const ofMac = this.#byMac.get(lease.mac);
    ofMac?.delete(lease.ip);
    if (ofMac?.size === 0) this.#byMac.delete(lease.mac);
    const key = keyOf(lease);
    if (this.#byClient.get(key) === lease.ip) this.#byClient.delete(key);
    if (lease.clientId !== undefined && this.#byClientId.get(lease.clientId) === lease.ip)
      this.#byClientId.delete(lease.clientId);
  }

  #withdraw(key: string | undefined): void {
    const ip = key === undefined ? undefined : this.#offers.get(key);
    if (key === undefined || ip === undefined) return;
    this.#offers.delete(key);
    this.#offered.delete(ip);
    this.#offerEnds.clear(key);
    const lease = this.#leases.get(ip);
    if (!lease || lease.state === "released" || lease.state === "expired") this.#pool.give(ip);
  }
}
