import type { BootPaths } from "./boot-paths.ts";
import type { Assigned, Role } from "./role.ts";
import type { BootFile } from "./unit-files.ts";

/** Of a role's interfaces the appliance's own firewall has a set, but of the uplink's, by which nobody comes in. */
const sets = ["management", "downlink"] as const satisfies Role[];

/** Which interfaces the appliance's own firewall lets operators and agents in by: read with lockdown.nft, after it. */
export function lockdownFile(assigned: readonly Assigned[], paths: BootPaths): BootFile {
  const lines = sets.flatMap((set) => {
    const names = assigned.filter(({ role }) => role === set).map(({ name }) => `"${name}"`);
    return [
      `flush set inet appliance ${set}`,
      ...(names.length > 0 ? [`add element inet appliance ${set} { ${names.join(", ")} }`] : []),
    ];
  });
  return { path: paths.lockdown, text: `# Written by pcg-boot.\n${lines.join("\n")}\n` };
}
