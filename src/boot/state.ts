import { formatIpv4 } from "../net/ipv4.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { Check, Tested } from "./check.ts";
import type { BootPlan } from "./plan.ts";
import type { Problem } from "./problem.ts";
import { type Nic, type Role, roles } from "./role.ts";

/**
 * closed: not configured, and nothing forwards. starting: configured, and not yet seen healthy. ready: healthy.
 * unhealthy: was ready, or runs by a configuration that could not be written today.
 */
export type Phase = "closed" | "starting" | "ready" | "unhealthy";

/** An interface as its role has it; null: not known. */
export interface InterfaceState {
  readonly role: Role;
  readonly deviceNumber: number;
  readonly name: string | null;
  readonly mac: string | null;
  readonly eni: string | null;
  readonly address: string | null;
  /** Further private addresses, which the gateway may stand for Elastic IPs with. */
  readonly secondaries: readonly string[];
  readonly vpc: readonly string[];
  readonly mtu: number | null;
  readonly state: "up" | "down" | "missing";
}

/** All there is to know of a unit's boot; /run/pcg/boot/state.json. */
export interface BootState {
  readonly phase: Phase;
  /** ISO 8601: since when it is so. */
  readonly since: string;
  readonly version: string;
  readonly slot: string | null;
  readonly unit: string | null;
  /** Whether the cloud's facts are of now, or of what was kept on disk. */
  readonly source: BootPlan["source"];
  readonly instance: { readonly id: string; readonly type: string; readonly zone: string } | null;
  readonly interfaces: readonly InterfaceState[];
  /** Where the tunnel endpoint listens. */
  readonly genevePort: number | null;
  readonly managers: readonly string[];
  readonly problems: readonly Problem[];
  readonly checks: readonly Check[];
}

export function interfaceStates({ assigned }: Pick<BootPlan, "assigned">, nics: readonly Nic[]): InterfaceState[] {
  return roles.map(({ role, deviceNumber }): InterfaceState => {
    const it = assigned.find((one) => one.role === role);
    const nic = nics.find(({ mac }) => mac === it?.mac);
    if (!it || !nic) return { role, deviceNumber, ...MISSING };
    return {
      role,
      deviceNumber,
      name: it.name,
      mac: it.mac,
      eni: it.id,
      address: `${formatIpv4(it.address)}/${it.subnet.length}`,
      secondaries: it.addresses.slice(1).map(formatIpv4),
      vpc: it.vpc.map(formatPrefix),
      mtu: nic.mtu,
      state: nic.up ? "up" : "down",
    };
  });
}

const MISSING: Omit<InterfaceState, "role" | "deviceNumber"> = {
  name: null,
  mac: null,
  eni: null,
  address: null,
  secondaries: [],
  vpc: [],
  mtu: null,
  state: "missing",
};

/** Those whose role is known, for the self-test. */
export const testedOf = (interfaces: readonly InterfaceState[]): Tested[] =>
  interfaces.flatMap(({ role, name, mac, address }) =>
    name === null || mac === null || address === null ? [] : [{ role, name, mac, address }],
  );

/** What there is to say where no pcg-boot runs. */
export const notRunning = (product: Pick<BootState, "version" | "slot">): BootState => ({
  ...product,
  phase: "closed",
  since: "the machine booted",
  unit: null,
  source: "nothing",
  instance: null,
  interfaces: interfaceStates({ assigned: [] }, []),
  genevePort: null,
  managers: [],
  problems: [
    {
      code: "BOOT_NOT_RUNNING",
      what: "pcg-boot does not run, or has not come to anything yet",
      remedy: "see systemctl status pcg-boot; run this command as root",
    },
  ],
  checks: [],
});
