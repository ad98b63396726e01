import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";

/**
 * bound: the client has it. released, expired: it had it, and gets it again if nobody else did meanwhile.
 * declined: somebody uses it without asking, so it rests.
 */
export type LeaseState = "bound" | "released" | "expired" | "declined";

/** What is remembered of an address. There is one of these per address at most. */
export interface Lease {
  readonly segment: string;
  readonly ip: Ipv4;
  readonly mac: Mac;
  /** Option 61 in hex, if the client sent one. */
  readonly clientId: string | undefined;
  readonly hostname: string | undefined;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Milliseconds since 1970, or {@link NEVER}. For a declined address: when its rest ends. */
  readonly expires: number;
  readonly state: LeaseState;
}

/** The end of a lease without end. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** The lease time that means for ever. RFC 2131 §3.3. */
export const INFINITE_SECONDS = 0xffff_ffff;

export const endOf = (now: number, seconds: number): number =>
  seconds === INFINITE_SECONDS ? NEVER : now + seconds * 1000;

/** Whether nobody else may have the address now: it is bound, or rests. */
export const isHeld = ({ state, expires }: Lease, now: number): boolean =>
  (state === "bound" || state === "declined") && expires > now;

/** Where leases outlive the process. */
export interface LeaseStore {
  /** All that was ever put, the newest for each address. @throws LEASE_STORE */
  load(): Lease[];
  /** Resolves once they are durable. @throws LEASE_STORE */
  put(leases: readonly Lease[]): Promise<void>;
}
