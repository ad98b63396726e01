import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Unit } from "../../model/unit.ts";
import { networkOf, type Prefix, parsePrefix } from "../../net/prefix.ts";
import { insidePrefixes, type SourceRow, sourceEntries, vpcPrefixes } from "../sources.ts";

const EVERYWHERE = parsePrefix("0.0.0.0/0");
const NOBODYS = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"].map(parsePrefix);

/**
 * Beside the tunnel the downlink carries the VPC: what is joined to the overlay, and its own subnet, may go through the
 * gateway; all else only to it. Overlay sources come out of the tunnel alone.
 */
export function downlinkSources(want: DesiredState, unit: Unit): KernelObject[] {
  const rows =
    (believed: SourceRow["believed"]) =>
    (prefix: Prefix): SourceRow => ({ prefix, believed, otherwise: "DOWNLINK_SPOOFED" });
  return sourceEntries("underlay", [
    rows("gateway")(EVERYWHERE),
    ...NOBODYS.map(rows("nothing")),
    ...vpcPrefixes(want).map(rows("all")),
    rows("all")(networkOf(unit.downlink.address)),
    ...insidePrefixes(want, unit).map(rows("nothing")),
  ]);
}
