import type { ConnectionPage, ConnectionsToEnd } from "../model/connection.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import type { Step } from "../model/step.ts";
import type { Flow } from "./flow.ts";

/** What a step came to: nothing, or why not. Same order as the steps. */
export type StepResult = null | { readonly code: string; readonly message: string };

/** An interface of this machine. `address` with its length, when it has one. */
export interface HostInterface {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly string[];
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export interface Tally {
  readonly packets: number;
  readonly bytes: number;
}

/** Everything that counts, read at one moment. */
export interface Counters {
  /** By drop reason, eBPF and nftables alike. */
  readonly drops: Readonly<Record<string, Tally>>;
  /** What the eBPF programs did, by name. */
  readonly passes: Readonly<Record<string, Tally>>;
  /** By conntrack mark, towards the connection's opener and from it. */
  readonly nat: Readonly<Record<string, { readonly original: Tally; readonly reply: Tally }>>;
  /** By firewall rule id. */
  readonly firewall: Readonly<Record<string, Tally>>;
  readonly connections: { readonly now: number; readonly most: number };
  /** In the flow cache, both directions counted, that the next packet may follow. */
  readonly flows: { readonly now: number; readonly most: number };
}

/** What not every kernel has. */
export interface Features {
  /** Whether the flow cache can be filled: connection tracking that eBPF may ask, Linux 6.0. */
  readonly flowCache: boolean;
}

/** The one door to the operating system. `linux.edge.ts` opens it; `door-client.edge.ts` asks another process to. */
export interface Kernel {
  /** Only what this gateway owns. */
  read(): Promise<readonly KernelObject[]>;
  /** Every step is tried; one that fails does not stop the others. All nftables steps are one transaction. */
  apply(steps: readonly Step[]): Promise<readonly StepResult[]>;
  interfaces(): Promise<readonly HostInterface[]>;
  counters(): Promise<Counters>;
  features(): Promise<Features>;
  /** Everything in the flow cache. */
  flows(): Promise<readonly Flow[]>;
  /** Connections that pass through, those after `from`; null: from the first on. A list that another replaced is over. */
  connections(from: number | null): Promise<ConnectionPage>;
  /** Ends connections that pass through, and makes the flow cache forget. One that is gone already is no error. */
  endConnections(which: readonly ConnectionsToEnd[]): Promise<void>;
  /** Calls back when something of ours may have been changed by someone. Returns its undo. */
  watch(onChange: () => void): () => void;
}
