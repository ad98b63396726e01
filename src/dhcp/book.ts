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
  /** Every address that rests because this hardware declined it. */
  declinedBy(mac: Mac, now: number): readonly Lease[];
  offerTo(client: Client): Ipv4 | undefined;
  /** Whether the client could be given this address now: it has it, or nobody has it and it is one to give. */
  mayHave(client: Client, ip: Ipv4, now: number): boolean;
  /** Any free address. Hardware that has had many gets one of those, so that it cannot pass through the whole pool. */
  anyFree(mac: Mac): Ipv4 | undefined;
}

/** What the engine wants done to a segment's addresses. */
export type Effect =
  | { readonly do: "offer"; readonly client: Client; readonly ip: Ipv4 }
  | { readonly do: "withdraw"; readonly client: Client }
  | { readonly do: "record"; readonly lease: Lease };

/** How long an address that was offered is kept for its client. */
const OFFER_MS = 30_000;

/** So many former addresses of one hardware are remembered: a firmware's, a boot loader's, an installer's, a system's. */
const REMEMBERED = 4;

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
  /** What each hardware has, had or declined, the oldest first. */
  readonly #byMac = new Map<Mac, Set<Ipv4>>();
  /** A segment port may have one address, so it is offered one, under whatever identifiers it asks. */
  readonly #offers = new Map<Mac, Ipv4>();
  readonly #offered = new Map<Ipv4, Mac>();
  readonly #offerEnds: Deadlines<Mac>;
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
    return this.#recordsOf(mac).filter(({ state }) => state === "bound");
  }

  declinedBy(mac: Mac, now: number): readonly Lease[] {
    return this.#recordsOf(mac).filter((lease) => lease.state === "declined" && isHeld(lease, now));
  }

  offerTo({ mac }: Client): Ipv4 | undefined {
    return this.#offers.get(mac);
  }

  mayHave(client: Client, ip: Ipv4, now: number): boolean {
    const isBound = client.binding?.ip === ip;
    if (!isBound && (client.binding || !this.#pool.includes(ip))) return false;
    const lease = this.#leases.get(ip);
    // The desired state has given the address to this hardware: nobody else can use it, whatever lease there was.
    if (isBound && client.binding?.isPorts && lease?.state === "bound") return true;
    if (lease && isHeld(lease, now)) {
      const isSame = lease.clientId === client.clientId || isBound;
      return lease.state === "bound" && lease.mac === client.mac && isSame;
    }
    const offered = this.#offered.get(ip);
    return offered === undefined || offered === client.mac;
  }

  anyFree(mac: Mac): Ipv4 | undefined {
    const former = this.#byMac.get(mac);
    if (former && former.size >= REMEMBERED) for (const ip of former) if (this.#pool.isFree(ip)) return ip;
    return this.#pool.next();
  }

  offer({ mac }: Client, ip: Ipv4, now: number): void {
    if (this.#offers.get(mac) !== ip) this.#withdraw(mac);
    this.#offers.set(mac, ip);
    this.#offered.set(ip, mac);
    this.#offerEnds.set(mac, now + OFFER_MS);
    this.#pool.take(ip);
  }

  withdraw({ mac }: Client): void {
    this.#withdraw(mac);
  }

  /** Makes this what is known of its address. */
  record(lease: Lease, wall: number): void {
    const former = this.#leases.get(lease.ip);
    if (former) this.#forget(former);
    this.#withdraw(lease.mac);
    this.#withdraw(this.#offered.get(lease.ip));
    this.#leases.set(lease.ip, lease);
    const isKnown = isRemembered(lease, former);
    if (isKnown || lease.state === "declined")
      this.#byMac.set(lease.mac, (this.#byMac.get(lease.mac) ?? new Set()).add(lease.ip));
    if (isKnown) {
      this.#byClient.set(keyOf(lease), lease.ip);
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
    for (const mac of this.#offerEnds.due(times.now)) this.#withdraw(mac);
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

  #recordsOf(mac: Mac): Lease[] {
    return [...(this.#byMac.get(mac) ?? [])].flatMap((ip) => this.#leases.get(ip) ?? []);
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

  #withdraw(mac: Mac | undefined): void {
    const ip = mac === undefined ? undefined : this.#offers.get(mac);
    if (mac === undefined || ip === undefined) return;
    this.#offers.delete(mac);
    this.#offered.delete(ip);
    this.#offerEnds.clear(mac);
    const lease = this.#leases.get(ip);
    if (!lease || lease.state === "released" || lease.state === "expired") this.#pool.give(ip);
  }
}

/** Whether a client is known by the address from now on: not by one that it declined, also once that rests no more. */
const isRemembered = ({ state }: Lease, former: Lease | undefined): boolean =>
  state === "bound" || (state !== "declined" && former?.state !== "declined");
