import packageJson from "../../../package.json" with { type: "json" };
import { readText } from "../../boot/files.edge.ts";
import { parameterIn } from "../../boot/proc.ts";

/** Which product this is, and from which slot of the disk it was booted; null where there are no slots. */
export function thisVersion(): { version: string; slot: string | null } {
  const version = readText("/opt/pcg/VERSION")?.trim() || packageJson.version;
  return { version, slot: parameterIn(readText("/proc/cmdline") ?? "", "pcg.slot") ?? null };
}
