import type { Clock } from "../base/clock.ts";
import { messageOf, PcgError } from "../base/error.ts";
import { limitedWarnings } from "../base/limited-log.ts";
import type { Log } from "../base/log.ts";
import type { DhcpServer } from "../model/dhcp.ts";
import type { Segment } from "../model/topology.ts";
import { formatIpv4, type Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import type { Vni } from "../net/vni.ts";
import { dhcp } from "../wire/dhcp.ts";
import { Book, type Effect } from "./book.ts";
import { type DhcpCounters, newCounters } from "./counters.ts";
import { type DhcpDrop, dhcpDrops } from "./drops.ts";
import { type Outcome, respond } from "./engine.ts";
import { deliver, enframe } from "./frame.ts";
import type { Lease, LeaseStore } from "./lease.ts";
import { Pool } from "./pool.ts";
import { type Reply, withLeaseTime } from "./reply.ts";
import { readRequest } from "./request.ts";
import { makeScope, type Scope, type Surroundings } from "./scope.ts";

/** An inner frame as it came out of the tunnel. */
export interface TunnelFrame {
  readonly vni: Vni;
  /** Where it came from; goes into logs only. */
  readonly tep: Ipv4;
  readonly frame: Uint8Array;
}

/** A client has an address from now on, durably; or has it no more. */
export interface LeaseEvent {
  readonly segment: string;
  readonly mac: Mac;
  readonly ip: Ipv4;
  readonly state: "bound" | "released";
}

export interface PoolUsage {
  readonly segment: string;
  readonly size: number;
  readonly free: number;
  readonly offered: number;
}

export interface DhcpServiceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: LeaseStore;
  /** Source of the frames it sends: the gateway's MAC on every segment. */
  readonly routerMac: Mac;
  /** Told of changes after {@link DhcpService.leases} was read for the first time. */
  readonly onLease?: (event: LeaseEvent) => void;
}

interface Served {
  readonly scope: Scope;
  readonly book: Book;
}

/** How often leases that have ended are looked for, when no message comes that would. */
const SWEEP_MS = 1000;

/** The DHCP servers of all segments. */
export class DhcpService {
  readonly counters: DhcpCounters = newCounters();
  readonly #parts: DhcpServiceParts;
  readonly #warn: ReturnType<typeof limitedWarnings>;
  /** By segment. A segment that has lost its server keeps its leases here. */
  #books = new Map<string, Book>();
  #served = new Map<Vni, Served>();
  /** What {@link DhcpServiceParts.onLease} was told last, by segment and address. */
  readonly #told = new Map<string, Mac>();
  #stopSweeping: () => void;

  /** @throws LEASE_STORE */
  constructor(parts: DhcpServiceParts) {
    this.#parts = parts;
    this.#warn = limitedWarnings(parts.log, parts.clock);
    const times = this.#times();
    for (const [segment, leases] of Map.groupBy(parts.store.load(), (lease) => lease.segment))
      this.#books.set(segment, new Book(new Pool([]), leases, times));
    for (const lease of this.leases()) if (lease.state === "bound") this.#told.set(keyOf(lease), lease.mac);
    this.#stopSweeping = this.#sweepLater();
  }

  /** Makes this the whole of what is served. Leases stay, also those of segments that are served no more. */
  configure(servers: readonly DhcpServer[], segments: readonly Segment[], surroundings: Surroundings = {}): void {
    const endpoints = Map.groupBy(surroundings.endpoints ?? [], (e) => e.segment);
    const times = this.#times();
    const books = new Map(this.#books);
    const served = new Map<Vni, Served>();
    for (const [segment, book] of this.#books) books.set(segment, new Book(new Pool([]), book.leases(), times));
    for (const config of servers) {
      const segment = segments.find(({ id }) => id === config.segment);
      if (!segment) throw new PcgError("CONFIG_REFUSED", { field: "segment", value: config.segment });
      const scope = makeScope(config, segment, { ...surroundings, endpoints: endpoints.get(segment.id) ?? [] });
      const leases = this.#books.get(segment.id)?.leases() ?? [];
      const book = new Book(new Pool(scope.ranges, scope.never), leases, times);
      books.set(segment.id, book);
      served.set(scope.vni, { scope, book });
    }
    this.#books = books;
    this.#served = served;
  }

  /** The frame to send back, if there is one; an ACK only once its lease is durable. Never rejects. */
  handle(from: TunnelFrame): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => this.answer(from, resolve));
  }

  /** Like {@link handle}, without a promise; calls `done` exactly once. */
  answer(from: TunnelFrame, done: (reply?: Uint8Array) => void): void {
    const served = this.#served.get(from.vni);
    const outcome = served ? this.#outcomeOf(from, served) : NO_SERVER;
    if (outcome.drop) this.drop(outcome.drop, { vni: from.vni, tep: formatIpv4(from.tep) });
    const before = served ? leasesBefore(outcome.effects, served.book) : [];
    const leases = served ? this.#apply(outcome.effects, served.book) : [];
    const finish = () => done(outcome.reply && served && this.#send(outcome.reply, served));
    if (leases.length === 0) {
      finish();
      return;
    }
    this.#parts.store.put(leases).then(
      () => {
        for (const lease of leases) this.#tell(lease);
        finish();
      },
      (error: unknown) => done(this.#unwritten(messageOf(error), { outcome, before, served })),
    );
  }

  /**
   * What is on disk is what holds: a client that renews a lease goes on with what is left of it there, and may try again.
   * Nobody gets anything new.
   */
  #unwritten(why: string, { outcome, before, served }: Unwritten): Uint8Array | undefined {
    const { wall } = this.#times();
    for (const lease of before) served?.book.record(lease, wall);
    const recorded = outcome.effects.flatMap((effect) => (effect.do === "record" ? [effect.lease] : []));
    const [mine] = recorded;
    const held = before.find((lease) => lease.ip === mine?.ip && lease.mac === mine.mac);
    const isRenewal = recorded.length === 1 && mine?.state === "bound" && held?.state === "bound";
    const left = isRenewal ? Math.floor((held.expires - wall) / 1_000) : 0;
    if (left < LEAST_LEFT_S || !outcome.reply || !served) return this.drop("STORE_FAILED", { why });
    this.#warn("DHCP: a lease cannot be written, its client goes on with what is left of it", { left, why });
    return this.#send(withLeaseTime(outcome.reply, left), served);
  }

  /** All that is remembered of addresses, ended leases too. */
  leases(): Lease[] {
    return [...this.#books.values()].flatMap((book) => [...book.leases()]);
  }

  usage(): PoolUsage[] {
    return [...this.#served.values()].map(({ scope, book }) => ({ segment: scope.segment, ...book.usage() }));
  }

  /** Counts what is not answered, and says so, with a limit. */
  drop(reason: DhcpDrop, facts: Record<string, unknown>): undefined {
    this.counters.dropped[reason]++;
    this.#warn(`DHCP: ${dhcpDrops[reason]}`, facts);
  }

  close(): void {
    this.#stopSweeping();
  }

  #times() {
    return { wall: this.#parts.clock.wall(), now: this.#parts.clock.now() };
  }

  #outcomeOf(from: TunnelFrame, { scope, book }: Served): Outcome {
    let delivery: ReturnType<typeof deliver>;
    try {
      delivery = deliver(from.frame, scope, this.#parts.routerMac);
    } catch (error) {
      return ignored(ifWire(error, "FRAME_MALFORMED"));
    }
    if (typeof delivery === "string") return ignored(delivery);
    let request: ReturnType<typeof readRequest>;
    try {
      request = readRequest(dhcp.decode(delivery.payload), delivery);
    } catch (error) {
      return ignored(ifWire(error, "MALFORMED"));
    }
    this.counters.received[request.type]++;
    const times = this.#times();
    this.#end(book.sweep(times));
    return respond(scope, book, request, times.wall);
  }

  /** @returns the leases that have to become durable */
  #apply(effects: readonly Effect[], book: Book): Lease[] {
    const { wall, now } = this.#times();
    const leases: Lease[] = [];
    for (const effect of effects) {
      if (effect.do === "offer") book.offer(effect.client, effect.ip, now);
      else if (effect.do === "withdraw") book.withdraw(effect.client);
      else {
        book.record(effect.lease, wall);
        leases.push(effect.lease);
      }
    }
    return leases;
  }

  #send(reply: Reply, { scope }: Served): Uint8Array | undefined {
    try {
      const bytes = enframe(reply, scope, this.#parts.routerMac);
      this.counters.sent[reply.type]++;
      return bytes;
    } catch (error) {
      return this.drop(ifWire(error, "REPLY_FAILED"), { segment: scope.segment, why: messageOf(error) });
    }
  }

  #tell(lease: Lease): void {
    const key = keyOf(lease);
    const told = this.#told.get(key);
    const { segment, mac, ip } = lease;
    if (lease.state === "bound") {
      if (told === mac) return;
      this.#told.set(key, mac);
      this.#parts.onLease?.({ segment, mac, ip, state: "bound" });
    } else if (told !== undefined) {
      this.#told.delete(key);
      this.#parts.onLease?.({ segment, mac: told, ip, state: "released" });
    }
  }

  #end(leases: readonly Lease[]): void {
    for (const lease of leases) this.#tell(lease);
  }

  #sweepLater(): () => void {
    return this.#parts.clock.after(SWEEP_MS, () => {
      for (const book of this.#books.values()) this.#end(book.sweep(this.#times()));
      this.#stopSweeping = this.#sweepLater();
    });
  }
}

/** With less left, a client had better look for another server. */
const LEAST_LEFT_S = 10;

interface Unwritten {
  readonly outcome: Outcome;
  /** What was remembered of the addresses that change, and is on disk. */
  readonly before: readonly Lease[];
  readonly served: Served | undefined;
}

const leasesBefore = (effects: readonly Effect[], book: Book): Lease[] =>
  effects.flatMap((effect) => (effect.do === "record" ? (book.at(effect.lease.ip) ?? []) : []));

const keyOf = ({ segment, ip }: Lease) => `${segment} ${ip}`;

const ignored = (reason: DhcpDrop): Outcome => ({ effects: [], drop: reason });
const NO_SERVER = ignored("NO_SERVER");

/** What a stranger's bytes may cause is an error on purpose; anything else is ours and must be seen. */
function ifWire(error: unknown, reason: DhcpDrop): DhcpDrop {
  if (error instanceof PcgError && error.code.startsWith("WIRE_")) return reason;
  throw error;
}
