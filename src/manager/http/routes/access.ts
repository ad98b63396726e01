import Type from "typebox";
import { id } from "../../../model/text.ts";
import type { Access, TokenRecord } from "../access.ts";
import { AccessToken, NewAccessToken, Results } from "../answers.ts";
import { Role } from "../roles.ts";
import type { Route } from "../route.ts";

const TEN_YEARS_S = 315_360_000;

const WantedToken = Type.Object(
  {
    name: id("Who it is for: it stands in the audit log."),
    role: Role,
    valid_for_s: Type.Optional(
      Type.Integer({ minimum: 60, maximum: TEN_YEARS_S, description: "Seconds. Left out: until it is revoked." }),
    ),
  },
  { additionalProperties: false, description: "A token to be made." },
);
type WantedToken = Type.Static<typeof WantedToken>;

const TOKENS = "/api/v1/access/tokens";

/** Who may use the API. */
export const accessRoutes: readonly Route[] = [
  {
    method: "GET",
    path: TOKENS,
    says: "All tokens, without what is secret of them",
    needs: "admin",
    answers: Results,
    handle: (_request, { access }) => {
      const results = access.list().map(({ id: its, ...record }) => shown(its, record));
      return { body: { results, result_count: results.length } };
    },
  },
  {
    method: "POST",
    path: TOKENS,
    says: "Makes a token",
    needs: "admin",
    body: WantedToken,
    answers: NewAccessToken,
    async handle({ body, caller }, { access }) {
      const { name, role, valid_for_s: seconds } = body as WantedToken;
      const forMs = seconds === undefined ? {} : { forMs: seconds * 1_000 };
      const made = await access.create({ name, role, ...forMs }, caller.name);
      return { body: { ...recordOf(access, made.id), token: made.token } };
    },
  },
  {
    method: "GET",
    path: `${TOKENS}/{id}`,
    says: "A token, without what is secret of it",
    needs: "admin",
    answers: AccessToken,
    handle: ({ params }, { access }) => ({ body: recordOf(access, params["id"] ?? "") }),
  },
  {
    method: "DELETE",
    path: `${TOKENS}/{id}`,
    says: "Revokes a token",
    needs: "admin",
    async handle({ params, caller }, { access }) {
      await access.revoke(params["id"] ?? "", caller.name);
      return {};
    },
  },
];

/** @throws MANAGER_NOT_FOUND */
function recordOf(access: Access, wanted: string): AccessToken {
  return shown(wanted, access.read(wanted));
}

const utc = (wallMs: number) => new Date(wallMs).toISOString();

const shown = (its: string, { name, role, createdAt, createdBy, expiresAt }: TokenRecord): AccessToken => ({
  id: its,
  name,
  role,
  created_at: utc(createdAt),
  created_by: createdBy,
  expires_at: expiresAt === null ? null : utc(expiresAt),
});
