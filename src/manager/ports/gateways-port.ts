import type { GatewayReports } from "../http/ports.ts";
import { idIn } from "../policy/kinds.ts";
import type { Reports } from "../reports/reports.ts";
import type { Documents } from "../state/documents.ts";

const GATEWAYS = "/infra/gateways/";

/** Gateways that policy names or that were heard, as the API asks for them. */
export function gatewaysPort(reports: Reports, documents: () => Documents): GatewayReports {
  const isKnown = (id: string) => documents().get(GATEWAYS + id) !== undefined || reports.gateway(id) !== undefined;
  const stateOf = (id: string) => ({ ...reports.gateway(id), id, connected: reports.isConnected(id) });
  const ofKnown =
    <T>(read: (id: string) => T) =>
    (id: string): T | undefined =>
      isKnown(id) ? read(id) : undefined;
  return {
    gateways: () => {
      const named = [...documents().under(GATEWAYS)].map(([path]) => idIn(path));
      return [...new Set([...named, ...reports.gateways()])].toSorted().map(stateOf);
    },
    gateway: ofKnown(stateOf),
    agents: ofKnown((id) => reports.agents(id)),
    leases: ofKnown((id) => reports.leases(id)),
    problems: ofKnown((id) => reports.problems(id)),
  };
}
