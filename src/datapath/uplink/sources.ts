import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Unit } from "../../model/unit.ts";
import { networkOf, type Prefix, parsePrefix } from "../../net/prefix.ts";
import { hostPrefix, insidePrefixes, type SourceRow, sourceEntries, vpcPrefixes } from "../sources.ts";

/** IANA's special-purpose addresses (RFC 6890) that no host of the Internet sends from. */
const NOBODYS = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"];
/** Those that routers of the Internet do have: their errors say why a packet did not arrive, and how large it may be. */
const ROUTERS = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "240.0.0.0/4"];

/**
 * The uplink carries what the Internet may be. A private prefix that a route sends out of the uplink is taken; the VPC
 * never is, as it comes in by the downlink; and of the VPC router on the uplink only errors and the answers of DHCP.
 */
export function uplinkSources(want: DesiredState, unit: Unit): KernelObject[] {
  const { uplink, downlink, management } = unit;
  const { uplinkRoutes, staticRoutes = [] } = want.tier0;
  const routes = [...uplinkRoutes, ...staticRoutes].filter((r) => r.interface !== "downlink");
  const rows =
    (believed: SourceRow["believed"], otherwise: SourceRow["otherwise"] = "UPLINK_NOT_INTERNET") =>
    (prefix: Prefix): SourceRow => ({ prefix, believed, otherwise });
  return sourceEntries("uplink", [
    ...NOBODYS.map(parsePrefix).map(rows("nothing")),
    ...ROUTERS.map(parsePrefix).map(rows("errors")),
    ...routes.map((r) => parsePrefix(r.prefix)).map(rows("all")),
    ...vpcPrefixes(want).map(rows("nothing")),
    ...[uplink, downlink, management].map((i) => networkOf(i.address)).map(rows("nothing")),
    rows("router")(hostPrefix(uplink.gateway)),
    ...insidePrefixes(want, unit).map(rows("nothing", "UPLINK_SPOOFED")),
  ]);
}
