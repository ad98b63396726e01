import type { Position } from "../../lcp/position.ts";
import type { ResourceId } from "../../lcp/resource.ts";
import type { Compiler } from "../ccp/compiler.ts";
import type { GatewayReport, RealizationWorld } from "../realization/realization.ts";
import type { Reports } from "../reports/reports.ts";
import type { Book } from "../state/book.ts";

/** What there is of objects, and what gateways say of it. @param since the manager's start */
export const realizationWorld = (book: Book<Compiler>, reports: Reports, since: Position): RealizationWorld => ({
  since,
  outputsOf: (path) => book.compiled.outputsOf(path),
  resource: ({ tier0, id }) => book.runtime.of(tier0).get(id),
  gatewaysOf: (tier0) => book.compiled.gatewaysOf(tier0),
  report: (gateway) => reportOf(reports, gateway),
});

function reportOf(reports: Reports, gateway: string): GatewayReport | undefined {
  const its = reports.gateway(gateway);
  if (!its) return undefined;
  return {
    connected: reports.isConnected(gateway),
    wished: its.wished as Position | null,
    realized: its.realized as Position | null,
    problems: new Map(reports.problems(gateway).map(({ id, why }) => [id as ResourceId, why])),
    failing: its.failing.total > 0 ? (its.lastError ?? its.failing.objects[0]?.why ?? "kernel objects fail") : null,
  };
}
