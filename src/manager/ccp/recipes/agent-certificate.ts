import type { NodeRecord } from "../../enrol/nodes.ts";
import { idIn } from "../../policy/kinds.ts";
import type { Recipe } from "../graph.ts";
import { piece, TIER0S } from "../tree.ts";

/** Where managers keep what they know of agents. */
export const AGENTS = "/nodes/agent/";

/** What every gateway is told of an agent: its certificates that are good. One that is revoked has none. */
export const agentCertificate =
  (key: string): Recipe =>
  (record, look) => {
    const good = (record as NodeRecord).certificates.map(({ serial, until }) => ({
      serial,
      ...(until !== undefined && { until }),
    }));
    return look.keys(TIER0S).map((tier0) => piece(idIn(tier0), "certificate", idIn(key), { good }));
  };
