import type { Status } from "../../api/status.ts";
import type { Statement } from "../../lcp/own-table.ts";
import { MOST_FAILING, MOST_WHY, type ReportBody, type ReportPiece, reportKey } from "../../model/report.ts";
import type { Progress } from "../../reconcile/reconciler.ts";

/** Of each kind, at most: controllers keep no more of a gateway than a hundred thousand. */
const MOST = { problem: 5_000, agent: 15_000, lease: 75_000 } as const;

/** What a gateway knows of itself. */
export interface Known {
  readonly unit: string;
  readonly version: string;
  readonly startedAt: string;
  readonly progress: Progress;
  /** Why nothing of what was told last can be wished. */
  readonly wishError: string | null;
  readonly problems: readonly ReportBody<"problem">[];
  readonly agents: NonNullable<Status["agents"]>["connected"];
  readonly leases: readonly ReportPiece[];
}

/** All that a gateway has to report. */
export function reportOf(known: Known): Statement[] {
  const lists: readonly [keyof typeof MOST, readonly ReportPiece[]][] = [
    ["problem", known.problems.map((body) => ({ type: "problem", body }))],
    ["agent", known.agents.map((body) => ({ type: "agent", body }))],
    ["lease", known.leases],
  ];
  const told = lists.flatMap(([type, pieces]) => pieces.slice(0, MOST[type]));
  const unreported = lists.reduce((sum, [type, pieces]) => sum + Math.max(0, pieces.length - MOST[type]), 0);
  return [...told, itself(known, unreported)].map((piece) => ({ ...piece, key: reportKey(piece) }));
}

function itself({ unit, version, startedAt, progress, wishError }: Known, unreported: number): ReportPiece {
  const { wished, realized, failures } = progress;
  const objects = [...failures]
    .slice(0, MOST_FAILING)
    .map(([key, why]) => ({ key: key.slice(0, 300), why: why.slice(0, MOST_WHY) }));
  const lastError = (wishError ?? progress.lastError)?.slice(0, 500) ?? null;
  const failing = { total: failures.size, objects };
  return {
    type: "gateway",
    body: { unit, version, startedAt, wished, realized, lastError, failing, unreported },
  };
}
