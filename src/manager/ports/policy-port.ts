import type { Clock } from "../../base/clock.ts";
import type { Author, PolicyApi } from "../http/ports.ts";
import { patch, put, remove } from "../policy/edit.ts";
import { patchTree } from "../policy/hierarchy.ts";
import { listObjects, readObject } from "../policy/read.ts";
import type { Change, Commits } from "../state/documents.ts";
import { treePort } from "./tree-port.ts";

/** The policy tree, as the API asks for it. */
export function policyPort(commits: Commits, clock: Clock): PolicyApi {
  const commit = (author: Author, change: Change) => commits.commit(author.user, change);
  return {
    read: async (path) => readObject(commits.documents, path),
    list: async (collection, page) => listObjects(commits.documents, collection, page),
    tree: treePort(() => commits.documents, clock),
    put: (path, body, author) => commit(author, put(path, body, author)),
    patch: (path, body, author) => commit(author, patch(path, body, author)),
    remove: (path, revision, author) => commit(author, remove(path, revision)),
    patchTree: (body, author) => commit(author, patchTree(body, author)),
  };
}
