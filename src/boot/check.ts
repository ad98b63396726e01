import type { Nic, Role } from "./role.ts";

/** Part of the self-test. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "failed" | "not yet";
  /** A sentence. */
  readonly says: string;
  /** What to do; null while it is ok. */
  readonly remedy: string | null;
  /** Whether it is this box's own doing: only those count for "ready", and for whether an upgrade is kept. */
  readonly isLocal: boolean;
}

/** What pcgd says of itself, as far as the self-test asks. */
export interface GatewayFacts {
  readonly wished: number | null;
  readonly realized: number | null;
  readonly refused: readonly string[];
  readonly lastError: string | null;
  readonly inSync: number;
  /** Those that are not, with the reason. */
  readonly troubled: readonly string[];
  readonly programs: number;
  /** Null: a file says what is desired. */
  readonly controller: { readonly id: string; readonly connected: boolean; readonly lost: string | null } | null;
  readonly certificate: { readonly until: string; readonly expired: boolean; readonly lastError: string | null } | null;
}

/** An interface whose role is known. */
export interface Tested {
  readonly role: Role;
  readonly name: string;
  readonly mac: string;
  /** With the length of its subnet. */
  readonly address: string;
}

/** All that the self-test looks at. */
export interface SelftestFacts {
  readonly interfaces: readonly Tested[];
  readonly nics: readonly Nic[];
  /** Addresses that answered ARP. */
  readonly neighbours: readonly string[];
  /** Kernel modules that are neither loaded nor built in. */
  readonly missingModules: readonly string[];
  readonly hasBtf: boolean;
  /** Or why it does not answer. */
  readonly gateway: GatewayFacts | string;
  readonly forwards: boolean;
  /** Local ends of UDP sockets, such as `10.99.3.44:6081`. */
  readonly udpSockets: readonly string[];
  readonly genevePort: number;
  /** Or why it cannot be written. */
  readonly disk: { readonly freeBytes: number; readonly bytes: number } | string;
  /** Undefined: the kernel does not tell us. */
  readonly isClockSynchronised: boolean | undefined;
}

type Finding = Omit<Check, "name" | "isLocal">;

/** One row of the self-test. */
export interface CheckRow {
  readonly name: string;
  readonly isLocal: boolean;
  readonly look: (facts: SelftestFacts) => Finding;
}

export const ok = (says: string): Finding => ({ state: "ok", says, remedy: null });
export const failed = (says: string, remedy: string): Finding => ({ state: "failed", says, remedy });
export const notYet = (says: string, remedy: string): Finding => ({ state: "not yet", says, remedy });

/** Whether all that is this box's own doing is right. */
export const isHealthy = (checks: readonly Check[]): boolean =>
  checks.length > 0 && checks.every(({ isLocal, state }) => !isLocal || state === "ok");
