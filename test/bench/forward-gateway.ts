import { type Entry, net } from "./entries.ts";
import { forwards, runFile } from "./nftables-gateway.ts";
import { links, type Topology } from "./topology.ts";

/** A router without tunnel, connection tracking or NAT: the least that Linux does with a packet it sends on. */
export function configureForward({ gateway, inet }: Topology, entries: readonly Entry[]): void {
  forwards(gateway, links.downlink);
  gateway.batch([`addr add ${net.gateway}/${net.segmentLength} dev ${links.downlink}`]);
  inet.batch([`route add ${net.segment} via ${net.uplink}`]);
  runFile(
    gateway,
    "ip -batch",
    entries.map((e) => `neigh replace ${e.ip} lladdr ${e.mac} dev ${links.downlink} nud permanent`),
  );
}

/** What is reached by its own address needs no other. */
export const untranslated = (entries: readonly Entry[]): Entry[] => entries.map((e) => ({ ...e, secondary: e.ip }));
