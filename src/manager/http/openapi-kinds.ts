import { type KindName, kinds } from "../policy/kinds.ts";
import { type Json, operation, plain, refTo } from "./openapi-operation.ts";
import { pageQuery } from "./query.ts";
import type { Method } from "./route.ts";
import { POLICY, policyRoutes, revisionQuery } from "./routes/policy.ts";

const names = Object.keys(kinds) as KindName[];

/** Its last `:id` and those before it, as OpenAPI writes them. */
const templateOf = (kind: KindName) => POLICY + kinds[kind].path.replaceAll(/:([a-z0-9]+)/g, "{$1}");
const collectionOf = (kind: KindName) => templateOf(kind).slice(0, -"/{id}".length);

const plural = (kind: KindName) => (kind.endsWith("y") ? `${kind.slice(0, -1)}ies` : `${kind}s`.replace(/ss$/, "s"));

export const ID: Json = { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$" };

const methods = {
  GET: { word: "read", says: (what: string) => what, sends: false, answers: true },
  PUT: { word: "put", says: (what: string) => `Creates or replaces: ${what}`, sends: true, answers: true },
  PATCH: { word: "patch", says: (what: string) => `Creates or changes: ${what}`, sends: true, answers: false },
  DELETE: {
    word: "delete",
    says: (what: string) => `Removes, with all below it: ${what}`,
    sends: false,
    answers: false,
  },
} as const satisfies Partial<Record<Method, object>>;

/** The operations that the wildcard routes are, kind by kind. */
export function kindPaths(): Record<string, Json> {
  return Object.fromEntries(
    names.flatMap((kind) => [
      [collectionOf(kind), { get: listing(kind) }],
      [
        templateOf(kind),
        Object.fromEntries(
          (Object.keys(methods) as (keyof typeof methods)[]).map((method) => [method.toLowerCase(), one(kind, method)]),
        ),
      ],
    ]),
  );
}

const routeOf = (method: Method) => {
  const route = policyRoutes.find((one) => one.method === method && one.path.endsWith("/*"));
  if (!route) throw new TypeError(`no route for ${method}`);
  return route;
};

const listing = (kind: KindName) =>
  operation({
    route: routeOf("GET"),
    path: collectionOf(kind),
    id: `list${plural(kind)}`,
    says: `All of: ${kinds[kind].says}`,
    tag: "policy",
    query: pageQuery,
    answers: refTo(`${kind}Page`),
    idSchema: ID,
  });

function one(kind: KindName, method: keyof typeof methods): Json {
  const { word, says, sends, answers } = methods[method];
  return operation({
    route: routeOf(method),
    path: templateOf(kind),
    id: `${word}${kind}`,
    says: says(kinds[kind].says),
    tag: "policy",
    ...(method === "DELETE" ? { query: revisionQuery } : {}),
    body: sends ? bodyOf(kind, method) : undefined,
    answers: answers ? refTo(kind) : undefined,
    idSchema: ID,
  });
}

/** A change need not have all fields, and null takes one out. */
const bodyOf = (kind: KindName, method: Method): Json =>
  method === "PATCH"
    ? { type: "object", description: `Fields of a ${kind}: those that change. null takes one out.` }
    : refTo(kind);

/** Every kind, its pages, and the tree they make. */
export function kindSchemas(): Record<string, Json> {
  return Object.fromEntries([
    ...names.flatMap((kind) => [
      [kind, { ...plain(kinds[kind].schema), description: `${kinds[kind].says}.` }],
      [`${kind}Page`, pageSchema(kind)],
    ]),
    ["Infra", infra],
  ]);
}

const pageSchema = (kind: KindName): Json => ({
  type: "object",
  required: ["results", "result_count"],
  properties: {
    results: { type: "array", items: refTo(kind) },
    result_count: { type: "integer", description: "Of all pages." },
    cursor: { type: "string", description: "Where the next page begins. Left out: this is the last." },
  },
});

const infra: Json = {
  type: "object",
  description: "Many objects at once. In a PATCH, what is not named stays as it is.",
  required: ["resource_type"],
  properties: {
    resource_type: { const: "Infra" },
    id: { const: "infra" },
    display_name: { type: "string" },
    path: { const: "/infra" },
    relative_path: { const: "infra" },
    children: {
      type: "array",
      items: {
        type: "object",
        description:
          "An object: resource_type is Child and its kind, such as ChildSegment, and under that kind's name stands the object, " +
          "with children of its own. marked_for_delete removes it. ChildResourceReference with target_type, id and " +
          "children goes to an object without changing it.",
        required: ["resource_type"],
        properties: {
          resource_type: { type: "string", pattern: "^Child[A-Za-z0-9]+$" },
          marked_for_delete: { type: "boolean" },
        },
      },
    },
  },
};
