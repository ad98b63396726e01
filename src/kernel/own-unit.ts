import type { UnitConfig } from "../model/unit.ts";
import { type FoundInterface, findInterface } from "../model/unit-of.ts";
import { type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { firstHostOf, type InterfaceAddress, networkOf, type Prefix, readInterfaceAddress } from "../net/prefix.ts";

export const roles = ["uplink", "downlink", "management"] as const;
type Role = (typeof roles)[number];

/** An interface of this unit as pcg-kernel finds it. */
export interface OwnLink {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
  /** The VPC's routers on it. */
  readonly gateways: readonly Ipv4[];
}

/**
 * What this unit is, by the privileged side's own configuration and the machine's interfaces: what pcg-kernel judges by
 * never comes from the process that asks.
 */
export interface OwnUnit extends Readonly<Record<Role, OwnLink>> {
  /** UDP port of the tunnel. */
  readonly genevePort: number;
  /** TCP port where VMs' agents are served on the downlink; undefined: they are not. */
  readonly agentsPort: number | undefined;
}

/** The interfaces this unit may work on, by role. */
export type OwnedLinks = Readonly<Record<Role, string>>;

export const linksOf = ({ uplink, downlink, management }: OwnUnit): OwnedLinks => ({
  uplink: uplink.name,
  downlink: downlink.name,
  management: management.name,
});

export const ownAddresses = (unit: OwnUnit): InterfaceAddress[] => roles.flatMap((role) => unit[role].addresses);

export const networksOf = ({ addresses }: OwnLink): Prefix[] => addresses.map(networkOf);

/** The unit of this configuration among the machine's interfaces. @throws INTERFACE_MISSING, INTERFACE_SHARED */
export function ownUnitOf(config: UnitConfig, found: readonly FoundInterface[]): OwnUnit {
  const link = (role: Role): OwnLink => {
    const { name, addresses: texts } = findInterface(role, config, found);
    const addresses = texts.flatMap((text) => readInterfaceAddress(text) ?? []);
    const { gateway } = config.interfaces[role];
    return { name, addresses, gateways: gateway === undefined ? addresses.map(firstHostOf) : [parseIpv4(gateway)] };
  };
  return {
    uplink: link("uplink"),
    downlink: link("downlink"),
    management: link("management"),
    genevePort: config.geneve?.port ?? 6081,
    agentsPort: config.agents && (config.agents.port ?? 5555),
  };
}
