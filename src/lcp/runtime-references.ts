import type { RuntimePiece } from "../model/runtime.ts";
import { type Resource, ResourceId } from "./resource.ts";
import type { References } from "./span.ts";

/**
 * What concerns an agent: the segments its VM has ports on, all ports of those, and the tunnel endpoints behind which
 * they are. A tunnel endpoint's key is its address, a segment's its id.
 */
export const agentReferences: References = {
  needs: (resource) => {
    const { type, body } = pieceOf(resource);
    return type === "port" ? [ResourceId("segment", body.segment), ResourceId("tep", body.tep)] : [];
  },
  partOf: (resource) => {
    const { type, body } = pieceOf(resource);
    return type === "port" ? [ResourceId("segment", body.segment)] : [];
  },
  homes: (resource) => {
    const { type, body } = pieceOf(resource);
    return type === "port" && body.node !== undefined ? [body.node] : [];
  },
};

/** Only what was found sound is held. */
const pieceOf = ({ type, body }: Resource) => ({ type, body }) as RuntimePiece;
