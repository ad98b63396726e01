import Type from "typebox";
import { PcgError } from "../../../base/error.ts";
import { ClusterStatus, Health } from "../answers.ts";
import { AuditEntry, breakIn } from "../audit.ts";
import { integerIn, pageOf, pageQuery } from "../query.ts";
import { PAGE_SIZE, type Route } from "../route.ts";

const AuditPage = Type.Object(
  {
    results: Type.Array(AuditEntry, { description: "The newest first." }),
    cursor: Type.Optional(Type.String({ description: "Where the next page begins. Left out: this may be the last." })),
    broken: Type.Optional(
      Type.Object(
        { seq: Type.Integer(), why: Type.String() },
        { description: "An entry of this page that is not what was written, or does not follow the one before it." },
      ),
    ),
  },
  { description: "Who changed what, or tried to: at the manager that answers." },
);

/** The manager itself. */
export const systemRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/cluster/status",
    says: "How the managers are",
    needs: "viewer",
    answers: ClusterStatus,
    handle: async (_request, behind) => ({ body: await behind.cluster() }),
  },
  {
    method: "GET",
    path: "/api/v1/audit",
    says: "Who changed what, or tried to, the newest first",
    needs: "admin",
    query: pageQuery,
    answers: AuditPage,
    async handle({ query }, { audit }) {
      const { cursor, pageSize = PAGE_SIZE } = pageOf(query);
      const before = integerIn("cursor", cursor, { minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
      const results = await audit.read({ ...(before === undefined ? {} : { before }), most: pageSize });
      const broken = breakIn(results.toReversed());
      const last = results.length === pageSize ? results.at(-1)?.seq : undefined;
      const next = last === undefined || last === 1 ? {} : { cursor: String(last) };
      return { body: { results, ...next, ...(broken ? { broken } : {}) } };
    },
  },
  {
    method: "GET",
    path: "/openapi.json",
    says: "This API as an OpenAPI document",
    needs: "nobody",
    answers: Type.Object({}, { description: "OpenAPI 3.1." }),
    handle: (_request, { document }) => ({ body: document }),
  },
  {
    method: "GET",
    path: "/healthz",
    says: "Whether the manager can do its work",
    needs: "nobody",
    answers: Health,
    handle: (_request, behind) => {
      const why = behind.trouble();
      if (why !== undefined) throw new PcgError("MANAGER_STORE", { why });
      return { body: { status: "UP" } };
    },
  },
];
