import type { Ipv4 } from "../net/ipv4.ts";

/**
 * A connection as connection tracking has it: its first packet as that came, and what an answer looks like before it is
 * translated back. Of ICMP, `sport` is the identifier and `dport` type and code.
 */
export interface Connection {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly sport: number;
  readonly dport: number;
  readonly replySource: Ipv4;
  readonly replyDestination: Ipv4;
  readonly replySport: number;
  readonly replyDport: number;
  /** The number of the translation that made it. */
  readonly mark: number;
}

/** Which connections are to end. Whatever is asked for, only those that carry {@link CONNECTION_IS_OURS} do. */
export type ConnectionsToEnd =
  | { readonly by: "mark"; readonly mark: number }
  /** Opened by the overlay address, or towards it. */
  | { readonly by: "overlay-address"; readonly address: Ipv4 }
  /** Opened by the overlay address and seen by the other end as the public one. */
  | { readonly by: "translation"; readonly source: Ipv4; readonly seenAs: Ipv4 }
  | { readonly by: "tuple"; readonly connection: Connection };

/** What tells connections that must end from those that may go on. */
export interface Contradiction {
  readonly contradicts: (connection: Connection) => boolean;
  /** What that depends on without being any kernel object. If it is another, all connections are looked at. */
  readonly unseen: string;
}

/** Connections, some at a time. `next` asks for those after them; null: these were the last. */
export interface ConnectionPage {
  readonly connections: readonly Connection[];
  readonly next: number | null;
}

/**
 * In the mark of every connection that passes through between overlay and elsewhere, and of no other: neither the
 * machine's own nor a manager's is ever listed or ended.
 */
export const CONNECTION_IS_OURS = 0x4000_0000;
