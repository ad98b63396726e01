import type { Position } from "../../lcp/position.ts";
import type { ResourceId } from "../../lcp/resource.ts";
import type { Compiler } from "../ccp/compiler.ts";
import type { Realized } from "../http/answers.ts";
import { readObject } from "../policy/read.ts";
import {
  type Enforcement,
  type GatewayReport,
  type Realization,
  type RealizationWorld,
  realizationOf,
} from "../realization/realization.ts";
import type { Reports } from "../reports/reports.ts";
import type { Book } from "../state/book.ts";

const publishStatus = {
  SUCCESS: "REALIZED",
  ERROR: "ERROR",
  IN_PROGRESS: "UNREALIZED",
  UNINITIALIZED: "UNREALIZED",
} as const;

/**
 * How far gateways have come with an object, as the API asks for it.
 *
 * @param since the manager's start
 * @throws when asked: MANAGER_NOT_FOUND
 */
export const realizedPort =
  (book: Book<Compiler>, reports: Reports, since: Position) =>
  async (path: string): Promise<Realized> => {
    readObject(book.documents, path);
    return answerOf(path, realizationOf(path, worldOf(book, reports, since)));
  };

const worldOf = (book: Book<Compiler>, reports: Reports, since: Position): RealizationWorld => ({
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

const answerOf = (path: string, { state, enforcement }: Realization): Realized => ({
  intent_path: path,
  consolidated_status: { consolidated_status: state },
  publish_status: publishStatus[state],
  problems: enforcement.flatMap(({ gateway, problems }) => problems.map((problem) => ({ gateway, ...problem }))),
  enforcement: enforcement.map(enforcementOf),
});

const enforcementOf = ({ gateway, connected, state, realized }: Enforcement) => ({
  gateway,
  connected,
  state,
  realized,
});
