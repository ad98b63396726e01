import type { ReportBody } from "../../model/report.ts";
import type { Enforcement, Realization } from "./realization.ts";

/**
 * UP: a gateway passes packets of the interface, whether or not the VM has an agent. UNKNOWN: no gateway reports that
 * could tell.
 */
type PortStatus = "UP" | "DOWN" | "UNKNOWN";

/** How a port is at one gateway. */
interface PortEnforcement extends Enforcement {
  /** Whether the gateway serves the VM's agent, as it said last. */
  readonly agent_connected: boolean;
}

export interface PortState {
  readonly status: PortStatus;
  /** Whether a gateway that is connected has it as it is wished. */
  readonly isRealized: boolean;
  readonly enforcement: readonly PortEnforcement[];
}

/**
 * @param node the agent of the port's VM
 * @param agentsOf those that a gateway serves, as it said last
 */
export function portStateOf(
  { enforcement }: Realization,
  node: string,
  agentsOf: (gateway: string) => readonly ReportBody<"agent">[],
): PortState {
  const rows = enforcement.map((row) => ({
    ...row,
    agent_connected: agentsOf(row.gateway).some(({ id }) => id === node),
  }));
  const reporting = rows.filter(({ connected, state }) => connected && state !== "UNINITIALIZED");
  const having = reporting.filter(({ state }) => state === "SUCCESS");
  return { status: statusOf(reporting, having), isRealized: having.length > 0, enforcement: rows };
}

function statusOf(reporting: readonly PortEnforcement[], having: readonly PortEnforcement[]): PortStatus {
  if (reporting.length === 0) return "UNKNOWN";
  return having.length > 0 ? "UP" : "DOWN";
}
