import type { Service } from "../../../model/firewall.ts";
import type { ServiceEntry } from "../../policy/kinds/security.ts";
import type { Look } from "../graph.ts";
import { at } from "../tree.ts";

/** What packets an entry is for; one per pair of its port ranges. */
export function servicesOf(entry: ServiceEntry): Service[] {
  if (entry.resource_type === "ICMPTypeServiceEntry")
    return [{ protocol: "icmp", ...(entry.icmp_type !== undefined && { icmpType: entry.icmp_type }) }];
  const protocol = entry.l4_protocol === "TCP" ? "tcp" : "udp";
  return orAny(entry.source_ports).flatMap((sourcePorts) =>
    orAny(entry.destination_ports).map((destinationPorts) => ({
      protocol,
      ...(sourcePorts !== undefined && { sourcePorts }),
      ...(destinationPorts !== undefined && { destinationPorts }),
    })),
  );
}

const orAny = (ports: readonly string[] = []): readonly (string | undefined)[] =>
  ports.length > 0 ? ports : [undefined];

/** Undefined: there is none at that path. */
export const servicesAt = (look: Look, path: string): Service[] | undefined =>
  at<"Service">(look, path)?.service_entries.flatMap(servicesOf);
