import { stringify } from "yaml";
import type { UnitConfig } from "../model/unit.ts";
import { formatIpv4 } from "../net/ipv4.ts";
import type { BootPaths } from "./boot-paths.ts";
import { networkFile } from "./network-file.ts";
import type { Assigned, Role } from "./role.ts";
import type { ManagerAccess, UserData } from "./user-data.ts";

/** A file as it must be. */
export interface BootFile {
  readonly path: string;
  readonly text: string;
  /** Not for everybody's eyes. */
  readonly isSecret?: boolean;
}

/** By which gateways know their controller if they are not told otherwise. */
const CONTROLLER_ID = "ccp";

export const networkFiles = (assigned: readonly Assigned[], paths: BootPaths): BootFile[] =>
  assigned.map((it) => ({ path: paths.network(it.role), text: networkFile(it) }));

export const keysFile = (keys: readonly string[], paths: BootPaths): BootFile => ({
  path: paths.keys,
  text: keys.map((key) => `${key}\n`).join(""),
});

/** What pcgd and pcg-kernel read. @param assigned all three */
export function unitFiles(userData: UserData, assigned: readonly Assigned[], paths: BootPaths): BootFile[] {
  const { desired } = userData;
  const config: BootFile = {
    path: paths.config,
    text: `${HEAD}${stringify(unitConfig(userData, assigned))}`,
  };
  return desired === undefined ? [config] : [{ path: paths.desired, text: `${HEAD}${stringify(desired)}` }, config];
}

const HEAD = "# Written by pcg-boot from the instance's metadata and user data, and again when they change.\n";

function unitConfig(userData: UserData, assigned: readonly Assigned[]): UnitConfig {
  const { unit, manager, controller, agents, geneve, flowCache, routerMac, tep } = userData;
  const of = (role: Role) => {
    const it = assigned.find((one) => one.role === role);
    if (!it) throw new TypeError(`no ${role}`);
    return it;
  };
  return {
    unit,
    interfaces: {
      uplink: { mac: of("uplink").mac },
      downlink: { mac: of("downlink").mac },
      management: { mac: of("management").mac },
    },
    tep: { address: formatIpv4(of("downlink").address), ...tep },
    ...(manager && { controller: { hosts: hostsOf(manager), id: CONTROLLER_ID, ...controller } }),
    ...(agents && { agents }),
    ...(geneve && { geneve }),
    ...(flowCache && { flowCache }),
    ...(routerMac && { routerMac }),
  };
}

const hostsOf = ({ urls }: ManagerAccess): string[] => [...new Set(urls.map((url) => new URL(url).hostname))];
