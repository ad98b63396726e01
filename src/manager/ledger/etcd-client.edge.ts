import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import { EtcdHttp, type Posted, type Tls } from "./etcd-http.edge.ts";
import type { KeyRange } from "./etcd-keys.ts";
import {
  type KeyValue,
  keyFields,
  keyValueOf,
  type RangeRequest,
  type RawRange,
  type RawTransaction,
  type RawWatch,
  rangeMessage,
  type Transaction,
} from "./etcd-messages.ts";
import type { StoreHealth } from "./store-health.ts";
import type { Endpoint } from "./store-spec.ts";

export interface EtcdOptions {
  readonly endpoints: readonly Endpoint[];
  readonly tls: Tls | undefined;
  readonly user: { readonly name: string; readonly password: string } | undefined;
  readonly clock: Clock;
  /** Told how each try went. */
  readonly health: StoreHealth;
}

export interface WatchEvents {
  /** From now on nothing is missed. */
  created(): void;
  put(kv: KeyValue): void;
  /** Nothing more comes. */
  ended(why: string): void;
}

export interface Done {
  readonly succeeded: boolean;
  /** What each operation read, if it was one that reads. */
  readonly read: readonly (readonly KeyValue[])[];
  /** More than 1: an earlier try may have been carried out without us knowing. */
  readonly tries: number;
}

/** How long one member may take. An election takes one or two seconds, in which a member keeps who asks waiting. */
const TRY_MS = 4_000;
/** How long a question is asked again, of one member after the other. */
const GIVE_UP_MS = 15_000;
const PAUSE_MS = 100;

/** gRPC status codes: google.golang.org/grpc/codes. */
const OUT_OF_RANGE = 11;
const UNAUTHENTICATED = 16;
/** 4 deadline exceeded, 8 too many requests, 14 unavailable: another member, or the same one later, may do it. */
const PASSING = new Set([4, 8, 14]);

/** The history that is asked for was compacted away. */
export const isCompacted = (error: unknown): boolean =>
  error instanceof PcgError && error.detail["grpc"] === OUT_OF_RANGE;

/**
 * A client of etcd v3's JSON gateway. A question goes to the member that answered last, and to the next when that does not
 * answer: so everything asked must do no harm when it is done twice.
 */
export class EtcdClient {
  readonly #options: EtcdOptions;
  readonly #http: EtcdHttp;
  #at = 0;
  #token: string | undefined;
  #closed = false;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#http = new EtcdHttp(options.tls, options.clock);
  }

  /** Linearizable. @throws MANAGER_STORE */
  async range(request: RangeRequest): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: number }> {
    const { body } = await this.#ask<RawRange>("/v3/kv/range", rangeMessage(request));
    return { kvs: (body.kvs ?? []).map(keyValueOf), revision: Number(body.header?.revision ?? 0) };
  }

  /** @throws MANAGER_STORE, after which it may have been done, or be done later */
  async transact(transaction: Transaction): Promise<Done> {
    const { body, tries } = await this.#ask<RawTransaction>("/v3/kv/txn", transaction);
    const read = (body.responses ?? []).map(({ response_range }) => (response_range?.kvs ?? []).map(keyValueOf));
    return { succeeded: body.succeeded === true, read, tries };
  }

  /** Forgets what keys were before this revision. @throws MANAGER_STORE */
  async compact(revision: number): Promise<void> {
    await this.#ask("/v3/kv/compaction", { revision: String(revision) });
  }

  /** A lease for keys. @returns its id, and how many seconds it was given @throws MANAGER_STORE */
  async grantLease(seconds: number): Promise<{ readonly id: string; readonly seconds: number }> {
    const { body } = await this.#ask<{ ID: string; TTL: string }>("/v3/lease/grant", { TTL: String(seconds) });
    return { id: body.ID, seconds: Number(body.TTL) };
  }

  /** @returns how many seconds it has again; 0: it is over @throws MANAGER_STORE */
  async keepLease(id: string): Promise<number> {
    const { body } = await this.#ask<{ result?: { TTL?: string } }>("/v3/lease/keepalive", { ID: id });
    return Number(body.result?.TTL ?? 0);
  }

  /** @returns how many whole seconds it has left; undefined: it is over @throws MANAGER_STORE */
  async leaseSecondsLeft(id: string): Promise<number | undefined> {
    const { body } = await this.#ask<{ TTL?: string }>("/v3/lease/timetolive", { ID: id });
    const seconds = Number(body.TTL ?? 0);
    return seconds < 0 ? undefined : seconds;
  }

  /** Tells of what is put from now on, once, until it ends: there is no second try. @returns its undo */
  watch(keys: KeyRange, events: WatchEvents): () => void {
    const posted = { path: "/v3/watch", body: { create_request: { ...keyFields(keys), fragment: true } } };
    const endpoint = this.#turn();
    let over = false;
    let undo = () => {
      over = true;
    };
    const end = (why: string) => {
      if (over) return;
      undo();
      this.#leave(endpoint);
      events.ended(why);
    };
    const line = (text: string) => {
      const { result, error } = readWatch(text);
      if (!result || result.canceled) return end(error?.message ?? result?.cancel_reason ?? "canceled");
      if (result.created) events.created();
      for (const kv of putsIn(result)) if (!over) events.put(kv);
    };
    const start = async () => {
      const token = await this.#authorized();
      if (over) return;
      const cut = this.#http.stream(endpoint, { ...posted, token }, TRY_MS, { line, ended: end });
      undo = () => {
        over = true;
        cut();
      };
    };
    start().catch((error: unknown) => end(messageOf(error)));
    return () => undo();
  }

  /** The member asked now is left for the next. */
  turnAway(): void {
    this.#at = (this.#at + 1) % this.#options.endpoints.length;
  }

  close(): void {
    this.#closed = true;
    this.#http.close();
  }

  #turn(): Endpoint {
    const { endpoints } = this.#options;
    const endpoint = endpoints[this.#at];
    if (!endpoint) throw new PcgError("MANAGER_STORE", { why: "no endpoints" });
    return endpoint;
  }

  /** Unless somebody else has left it already. */
  #leave(endpoint: Endpoint): void {
    if (this.#turn() === endpoint) this.turnAway();
  }

  async #ask<Body>(path: string, body: unknown): Promise<{ readonly body: Body; readonly tries: number }> {
    const { clock, health } = this.#options;
    const until = clock.now() + GIVE_UP_MS;
    for (let tries = 1; ; tries++) {
      const endpoint = this.#turn();
      const failure = await this.#try<Body>(endpoint, path, body);
      if ("body" in failure) {
        health.worked();
        return { body: failure.body, tries };
      }
      health.failed(failure.why);
      if (!failure.passing || this.#closed || clock.now() > until) {
        const { passing: _, ...why } = failure;
        throw new PcgError("MANAGER_STORE", { at: `${endpoint.host}:${endpoint.port}`, step: path, ...why });
      }
      this.#leave(endpoint);
      await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve));
    }
  }

  async #try<Body>(endpoint: Endpoint, path: string, body: unknown): Promise<{ readonly body: Body } | Failure> {
    try {
      const token = await this.#authorized();
      const answer = await this.#http.post(endpoint, { path, body, token }, TRY_MS);
      if (answer.status === 200) return { body: JSON.parse(answer.text) as Body };
      return this.#refused(answer);
    } catch (error) {
      if (error instanceof PcgError) throw error;
      return { why: messageOf(error), passing: true };
    }
  }

  #refused({ status, text }: { readonly status: number; readonly text: string }): Failure {
    const { code, message } = readError(text);
    const stale = this.#token !== undefined && (code === UNAUTHENTICATED || /auth store is old/.test(message));
    if (stale) this.#token = undefined;
    // A full database stays so until an operator helps.
    const passing = stale || (PASSING.has(code ?? -1) && !/database space exceeded/.test(message)) || status === 502;
    return { why: message, passing, ...(code === undefined ? {} : { grpc: code }) };
  }

  /** The token that goes with each question; undefined: none is needed. Tokens end, and then this asks for another. */
  async #authorized(): Promise<string | undefined> {
    const { user } = this.#options;
    if (!user || this.#token !== undefined) return this.#token;
    const posted: Posted = { path: "/v3/auth/authenticate", body: user, token: undefined };
    const { status, text } = await this.#http.post(this.#turn(), posted, TRY_MS);
    if (status === 200) this.#token = (JSON.parse(text) as { token?: string }).token;
    else if (status < 500) throw new PcgError("MANAGER_STORE", { user: user.name, why: readError(text).message });
    else throw new Error(readError(text).message);
    return this.#token;
  }
}

interface Failure {
  readonly why: string;
  /** Asking again may help. */
  readonly passing: boolean;
  readonly grpc?: number;
}

const putsIn = ({ events = [] }: NonNullable<RawWatch["result"]>): KeyValue[] =>
  events.flatMap(({ type, kv }) => (kv && type !== "DELETE" ? [keyValueOf(kv)] : []));

/** A line that was cut short ends the watch like any other that makes no sense. */
function readWatch(text: string): RawWatch {
  try {
    return JSON.parse(text) as RawWatch;
  } catch {
    return { error: { message: "an answer that is no JSON" } };
  }
}

function readError(text: string): { readonly code: number | undefined; readonly message: string } {
  try {
    const { code, message, error } = JSON.parse(text) as { code?: number; message?: string; error?: string };
    return { code, message: message ?? error ?? text };
  } catch {
    return { code: undefined, message: text };
  }
}
