import Type from "typebox";
import { PcgError } from "../../../base/error.ts";
import { kindOf } from "../../policy/kinds.ts";
import { FILTER } from "../../policy/tree-type.ts";
import type { Author } from "../ports.ts";
import { integerIn, pageOf, pageQuery } from "../query.ts";
import type { Answer, ApiRequest, Behind, Route } from "../route.ts";

export const POLICY = "/policy/api/v1";
const INFRA = `${POLICY}/infra`;
const TREE = `${INFRA}/*`;

const MOST_REVISIONS = Number.MAX_SAFE_INTEGER;

export const revisionQuery = {
  revision: Type.Integer({ minimum: 0, description: "Only if this is its revision." }),
};

const filterQuery = { filter: Type.String({ description: `${FILTER}. Left out: nothing below it.` }) };

/** The policy tree: what is where says the table of kinds. */
export const policyRoutes: readonly Route[] = [
  {
    method: "GET",
    path: TREE,
    says: "An object, or the objects of a collection",
    needs: "viewer",
    query: pageQuery,
    async handle({ params, query }, { policy }) {
      const path = pathIn(params);
      if (!kindOf(path)) return { body: await policy.list(path, pageOf(query)) };
      if (Object.keys(query).length > 0)
        throw new PcgError("MANAGER_BAD_REQUEST", { field: Object.keys(query)[0], why: "is for collections" });
      return read(path, policy);
    },
  },
  {
    method: "PUT",
    path: TREE,
    says: "Creates an object or puts it in place of the one of this revision",
    needs: "operator",
    takes: "object",
    async handle(request, { policy }) {
      const path = pathIn(request.params);
      await precise(request, () => policy.put(path, withRevision(request), authorOf(request)));
      return read(path, policy);
    },
  },
  {
    method: "PATCH",
    path: TREE,
    says: "Creates an object or changes some of its fields",
    needs: "operator",
    takes: "object",
    async handle(request, { policy }) {
      const path = pathIn(request.params);
      await precise(request, () => policy.patch(path, withRevision(request), authorOf(request)));
      return {};
    },
  },
  {
    method: "DELETE",
    path: TREE,
    says: "Removes an object and all below it",
    needs: "operator",
    query: revisionQuery,
    async handle(request, { policy }) {
      const { params, query, ifMatch } = request;
      const asked = integerIn("revision", query["revision"], { minimum: 0, maximum: MOST_REVISIONS });
      await precise(request, () => policy.remove(pathIn(params), ifMatch ?? asked, authorOf(request)));
      return {};
    },
  },
  {
    method: "GET",
    path: INFRA,
    says: "The tree itself; with a filter, all below it of some types, as PATCH takes it",
    needs: "viewer",
    query: filterQuery,
    answers: "tree",
    handle: async ({ query }, { policy }) => ({ body: await policy.tree(query["filter"]) }),
  },
  {
    method: "PATCH",
    path: INFRA,
    says: "Creates, changes and removes many objects: all or none",
    needs: "operator",
    takes: "tree",
    async handle(request, { policy }) {
      await policy.patchTree(request.body, authorOf(request));
      return {};
    },
  },
];

const pathIn = (params: ApiRequest["params"]) => `/infra/${params["*"] ?? ""}`;

export const authorOf = ({ caller, wallMs }: ApiRequest): Author => ({ user: caller.name, wallMs });

async function read(path: string, policy: Behind["policy"]): Promise<Answer> {
  const body = await policy.read(path);
  const { _revision: revision } = body;
  return typeof revision === "number" ? { body, revision } : { body };
}

/** What the header says and what the body says have to be the same. */
function withRevision({ body, ifMatch }: ApiRequest): unknown {
  if (ifMatch === undefined || typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { _revision: revision = ifMatch } = body as { _revision?: unknown };
  if (revision === ifMatch) return { ...body, _revision: ifMatch };
  throw new PcgError("MANAGER_BAD_REQUEST", { field: "_revision", value: revision, why: "is not what If-Match says" });
}

/** Whoever made a revision a condition hears that this did not hold (RFC 9110 §15.5.13). */
async function precise(request: ApiRequest, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    const isConflict = error instanceof PcgError && error.code === "MANAGER_CONFLICT";
    throw isConflict && request.ifMatch !== undefined
      ? new PcgError("MANAGER_PRECONDITION", error.detail, error)
      : error;
  }
}
