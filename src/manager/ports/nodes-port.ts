import { nodeIn, revoked } from "../enrol/nodes.ts";
import { newToken } from "../enrol/tokens.ts";
import type { Nodes } from "../http/ports.ts";
import type { Commits } from "../state/documents.ts";

const TOKEN_MS = 900_000;

/** Nodes and their certificates, as the API asks for them. */
export const nodesPort = (commits: Commits): Nodes => ({
  read: async (node) => {
    const record = nodeIn(commits.documents, node);
    return record && { ...node, ...record };
  },
  revoke: (node, { user, wallMs }) => commits.commit(user, revoked(node, user, wallMs)),
  newToken: async (node, forMs = TOKEN_MS, { user, wallMs }) => {
    const { token, make } = newToken({ node, by: user, forMs }, wallMs);
    await commits.commit(user, make);
    return { token, ...node, expires_at: new Date(wallMs + forMs).toISOString() };
  },
});
