import type { Flow } from "../kernel/flow.ts";
import type { Counters, HostInterface, Tally } from "../kernel/kernel.ts";
import type { Report } from "../reconcile/reconciler.ts";

/** What `pcgd status --json` prints; everything an operator may ask of this unit at one moment. */
export interface Status {
  readonly unit: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly interfaces: readonly (HostInterface & { readonly role: string })[];
  readonly tep: string | null;
  readonly desired: {
    readonly wished: number | null;
    readonly realized: number | null;
    readonly refused: { readonly file: string; readonly at: string; readonly flaws: readonly string[] } | null;
    readonly lastError: string | null;
  };
  /** The VMs' agents that are connected, and how many connections were turned away, by reason; null: none are served. */
  readonly agents: {
    readonly connected: readonly { readonly id: string; readonly current: boolean; readonly refused: number }[];
    readonly refused: Readonly<Record<string, number>>;
  } | null;
  /** Who says what is desired; null: a file does. */
  readonly controller: {
    readonly id: string;
    /** Which of its hosts says what is desired, or is being tried. */
    readonly state: ConnectionStatus;
    /** Its hosts, as those that are told how things are here. */
    readonly reports: readonly ConnectionStatus[];
  } | null;
  /** By what this unit is known to others; null: they do not ask, for a file says what is desired. */
  readonly certificate: {
    readonly name: string | null;
    readonly until: string;
    readonly expired: boolean;
    /** Whether it is renewed by itself: it is where the unit enrolled. */
    readonly renews: boolean;
    /** Why renewing failed last, until it succeeds. */
    readonly lastError: string | null;
  } | null;
  readonly objects: {
    readonly total: number;
    readonly byState: Readonly<Record<string, number>>;
    readonly byKind: Readonly<Record<string, number>>;
    /** Those that are not as wished, with the reason. */
    readonly troubled: Report["objects"];
  };
  readonly drops: readonly {
    readonly reason: string;
    readonly at: string;
    readonly says: string;
    readonly packets: number;
    readonly bytes: number;
  }[];
  readonly passes: Readonly<Record<string, Tally>>;
  readonly endpoints: readonly {
    readonly segment: string;
    readonly vni: number;
    readonly mac: string;
    readonly ip: string | null;
    readonly tep: string;
    readonly tepLabel: number | null;
    readonly from: string;
  }[];
  readonly nat: readonly NatStatus[];
  readonly firewall: readonly {
    readonly section: string;
    readonly rule: string;
    readonly action: string;
    readonly packets: number;
    readonly bytes: number;
  }[];
  readonly connections: Counters["connections"] | null;
  /** `why` says what keeps it off. */
  readonly fastPath: { readonly on: boolean; readonly why: string | null; readonly flows: Counters["flows"] | null };
  readonly dhcp: {
    readonly pools: readonly {
      readonly segment: string;
      readonly size: number;
      readonly free: number;
      readonly offered: number;
    }[];
    readonly received: Readonly<Record<string, number>>;
    readonly sent: Readonly<Record<string, number>>;
    readonly dropped: Readonly<Record<string, number>>;
    readonly leases: readonly LeaseStatus[];
  };
}

interface ConnectionStatus {
  readonly address: string;
  /** Whether the other end has spoken on a connection that stands. */
  readonly connected: boolean;
  /** Why the last connection ended, until the next stands. */
  readonly lost: string | null;
}

/** One direction of a connection in the flow cache; `translation` as in {@link NatStatus.id}. */
export type FlowStatus = Omit<Flow, "mark"> & { readonly translation: string | null };

/** One translation: its addresses on each stage, and what went through. `original` is the opener's direction. */
export interface NatStatus {
  readonly id: string;
  readonly action: string;
  readonly from: string;
  readonly to: string;
  /** The secondary address that carries the public one on this unit, where there is one. */
  readonly secondary: string | null;
  readonly original: Tally;
  readonly reply: Tally;
}

interface LeaseStatus {
  readonly segment: string;
  readonly ip: string;
  readonly mac: string;
  readonly hostname: string | null;
  readonly state: string;
  readonly starts: string;
  /** null: never. */
  readonly expires: string | null;
}
