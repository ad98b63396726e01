import { PcgError } from "../../../base/error.ts";
import { pathTo } from "../../policy/fields.ts";
import { GatewayState, Realized, Results, SegmentPortState } from "../answers.ts";
import type { GatewayReports } from "../ports.ts";
import type { Route } from "../route.ts";
import { POLICY } from "./policy.ts";

/** What of a gateway there are lists of. */
const lists = {
  agents: "The VMs' agents that a gateway serves",
  leases: "The DHCP leases that a gateway gave",
  problems: "What a gateway cannot do of what it was told, and why",
} as const satisfies Partial<Record<keyof GatewayReports, string>>;

const listRoute = (what: keyof typeof lists): Route => ({
  method: "GET",
  path: `/api/v1/gateways/{id}/${what}`,
  says: lists[what],
  needs: "viewer",
  answers: Results,
  handle: ({ params }, { reports }) => {
    const results = reports[what](params["id"] ?? "") ?? notHeardOf(params["id"]);
    return { body: { results, result_count: results.length } };
  },
});

/** What gateways say: of themselves, and how far they have come with policy. */
export const gatewayRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/gateways",
    says: "All gateways that were ever heard of",
    needs: "viewer",
    answers: Results,
    handle: (_request, { reports }) => {
      const results = reports.gateways();
      return { body: { results, result_count: results.length } };
    },
  },
  {
    method: "GET",
    path: "/api/v1/gateways/{id}",
    says: "A gateway, and what it last said of itself",
    needs: "viewer",
    answers: GatewayState,
    handle: ({ params }, { reports }) => ({
      body: reports.gateway(params["id"] ?? "") ?? notHeardOf(params["id"]),
    }),
  },
  ...(Object.keys(lists) as (keyof typeof lists)[]).map(listRoute),
  {
    method: "GET",
    path: `${POLICY}/infra/realized-state/status`,
    says: "How far gateways have come with an object",
    needs: "viewer",
    query: { intent_path: pathTo(".+", "The object's path.") },
    answers: Realized,
    async handle({ query }, behind) {
      const { intent_path: path } = query;
      if (path === undefined)
        throw new PcgError("MANAGER_BAD_REQUEST", { field: "intent_path", why: "is missing: give an object's path" });
      return { body: await behind.realized(path) };
    },
  },
  {
    method: "GET",
    path: `${POLICY}/infra/segments/{segment}/ports/{port}/state`,
    says: "Whether a port is up, and what else is known about it",
    needs: "viewer",
    answers: SegmentPortState,
    handle: async ({ params }, behind) => ({
      body: await behind.portState(`/infra/segments/${params["segment"]}/ports/${params["port"]}`),
    }),
  },
];

function notHeardOf(id: string | undefined): never {
  throw new PcgError("MANAGER_NOT_FOUND", { field: "id", value: id, why: "no such gateway was heard of" });
}
