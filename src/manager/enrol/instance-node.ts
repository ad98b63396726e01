import { PcgError } from "../../base/error.ts";
import type { Identity } from "../../lcp/identity.ts";
import type { Documents, Writes } from "../state/documents.ts";
import { gatewayOf } from "./gateway-list.ts";
import { type InstanceDocument, mustBeAgent } from "./instance-identity.ts";
import { instancesOf, nodeIn, nodeKey, revoked } from "./nodes.ts";

/** What an instance asks to be. Left out: what the list says it is. */
export interface Wanted {
  readonly role?: "gateway" | "agent";
  readonly id?: string;
}

/**
 * As which node an instance enrols: the gateway for which an operator listed it, else the agent of its own id.
 *
 * @returns the node, and what else changes when it enrols
 * @throws MANAGER_DENIED
 */
export function asInstance(documents: Documents, claimed: InstanceDocument, wanted: Wanted, wallMs: number) {
  const gateway = gatewayOf(documents, claimed);
  const identity = gateway ?? { role: "agent", id: claimed.instanceId };
  mustBeWanted(identity, wanted, claimed);
  if (!gateway) mustBeAgent(documents, claimed);
  mustBeFirst(documents, identity, claimed);
  return { identity, writes: gateway ? agentOver(documents, gateway, claimed, wallMs) : new Map<string, unknown>() };
}

function mustBeWanted({ role, id }: Identity, wanted: Wanted, { accountId, instanceId }: InstanceDocument): void {
  const at = { field: "instanceId", value: instanceId };
  const name = wanted.id ?? "NAME";
  const list = `an operator lists it by PUT /policy/api/v1/enrolment/aws/gateways/${name} with accountId ${accountId} and its instanceId or privateIp`;
  if (wanted.role === "gateway" && role !== "gateway")
    throw new PcgError("MANAGER_DENIED", { ...at, why: `is not listed for a gateway; ${list}` });
  if (wanted.role === "agent" && role === "gateway")
    throw new PcgError("MANAGER_DENIED", { ...at, why: `is listed for gateway ${id}, and is no agent` });
  if (wanted.id !== undefined && wanted.id !== id)
    throw new PcgError("MANAGER_DENIED", { ...at, why: `is listed for ${role} ${id}, not ${wanted.id}; ${list}` });
}

/**
 * Trust on first use: whoever holds a document later may not be the instance any more. Another instance that is listed
 * takes the gateway's place; one that was the gateway before does not come back, and one that was revoked has no successor
 * until an operator says so.
 */
function mustBeFirst(documents: Documents, identity: Identity, { instanceId }: InstanceDocument): void {
  const before = nodeIn(documents, identity);
  if (!before) return;
  const wasHere = identity.role === "agent" || instancesOf(before).includes(instanceId);
  if (!before.revoked && !wasHere) return;
  const why = before.revoked ? "was revoked" : "has enrolled already";
  throw new PcgError("MANAGER_DENIED", {
    ...{ field: "instanceId", value: instanceId },
    why: `${identity.role} ${identity.id} ${why}; an operator resets it by POST /policy/api/v1${nodeKey(identity)}/forget`,
  });
}

/** An instance is one node: what it was as an agent ends. */
function agentOver(documents: Documents, gateway: Identity, { instanceId }: InstanceDocument, wallMs: number): Writes {
  const agent: Identity = { role: "agent", id: instanceId };
  const { revoked: end } = nodeIn(documents, agent) ?? { revoked: true };
  return end ? new Map() : revoked(agent, `enrolment as ${nodeKey(gateway)}`, wallMs)(documents);
}
