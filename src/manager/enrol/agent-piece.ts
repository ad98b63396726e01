import type { RuntimeBody } from "../../model/runtime.ts";
import type { NodeRecord } from "./nodes.ts";

const AGENTS = "/nodes/agent/";

/**
 * What gateways are told of an agent: its certificates that are good. One that is revoked has none.
 *
 * @param key of a document
 * @param record undefined: there is none any more
 * @returns undefined where the document is of no agent; `body` undefined: the piece goes
 */
export function agentPiece(
  key: string,
  record: NodeRecord | undefined,
): { type: "certificate"; key: string; body: RuntimeBody<"certificate"> | undefined } | undefined {
  if (!key.startsWith(AGENTS)) return undefined;
  const good = record?.certificates.map(({ serial, until }) => ({ serial, ...(until !== undefined && { until }) }));
  return { type: "certificate", key: key.slice(AGENTS.length), body: good && { good } };
}
