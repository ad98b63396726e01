import type { Metadata } from "../cloud/metadata.ts";
import type { GatewayFacts } from "./check.ts";
import type { Nic } from "./role.ts";
import type { BootFile } from "./unit-files.ts";
import type { EnrolAccess } from "./user-data.ts";

/** What the self-test finds out about the machine itself. */
export interface MachineFacts {
  readonly neighbours: readonly string[];
  readonly missingModules: readonly string[];
  readonly hasBtf: boolean;
  readonly forwards: boolean;
  readonly udpSockets: readonly string[];
  readonly disk: { readonly freeBytes: number; readonly bytes: number } | string;
  readonly isClockSynchronised: boolean | undefined;
}

/** The machine that boots, and who is around it. */
export interface Host {
  /** @throws CLOUD_… */
  metadata(): Promise<Metadata>;
  nics(): Promise<readonly Nic[]>;
  /** Undefined: there is no such file, or none that can be read. */
  read(path: string): string | undefined;
  /** Whole and durable, or not at all. @throws BOOT_FILE_UNWRITABLE */
  write(file: BootFile): void;
  remove(path: string): void;
  /** Makes what is there another name, so that nobody takes it for his own; what is not there is fine. @throws BOOT_FILE_UNWRITABLE */
  putAway(path: string, suffix: string): void;
  /** @throws BOOT_COMMAND_FAILED with what it said */
  run(argv: readonly [string, ...string[]]): Promise<void>;
  hasCredentials(): boolean;
  /** Gets this unit's first certificate. @throws ENROL_… */
  enrol(manager: EnrolAccess): Promise<void>;
  /** What pcgd says of itself, or why it does not answer. */
  gateway(): Promise<GatewayFacts | string>;
  /** @param routers that should answer ARP */
  machine(routers: readonly string[]): Promise<MachineFacts>;
  /** A line for whoever looks at the console. */
  console(line: string): void;
}
