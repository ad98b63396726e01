import type { RuntimeBody, RuntimePiece } from "../model/runtime.ts";
import { type Resource, ResourceId } from "./resource.ts";
import type { References } from "./span.ts";

/**
 * What concerns an agent: the segments its VM has ports on, all ports of those, and the tunnel endpoints behind which
 * they are; the policies that guard its VM, with the groups their rules name and the members of those. The gateway's own
 * firewall concerns no agent. A tunnel endpoint's key is its address; that of a segment, group or policy its id.
 */
export const agentReferences: References = {
  needs: (resource) => {
    const { type, body } = pieceOf(resource);
    if (type === "port") return [ResourceId("segment", body.segment), ResourceId("tep", body.tep)];
    return type === "policy" ? body.rules.flatMap(groupsOf) : [];
  },
  partOf: (resource) => {
    const { type, body } = pieceOf(resource);
    if (type === "member") return [ResourceId("group", body.group)];
    return type === "port" ? [ResourceId("segment", body.segment)] : [];
  },
  homes: (resource) => {
    const { type, body } = pieceOf(resource);
    if (type === "guard") return [body.node];
    return type === "port" && body.node !== undefined ? [body.node] : [];
  },
  leads: (resource) => {
    const { type, body } = pieceOf(resource);
    return type === "guard" ? body.policies.map((policy) => ResourceId("policy", policy)) : [];
  },
};

const groupsOf = ({ sourceGroups = [], destinationGroups = [] }: RuntimeBody<"policy">["rules"][number]) =>
  [...sourceGroups, ...destinationGroups].map((group) => ResourceId("group", group));

/** Only what was found sound is held. */
const pieceOf = ({ type, body }: Resource) => ({ type, body }) as RuntimePiece;
