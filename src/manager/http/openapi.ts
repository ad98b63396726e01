import type Type from "typebox";
import { Failure, failureStatuses, statusWord } from "./failure.ts";
import { ID, kindPaths, kindSchemas } from "./openapi-kinds.ts";
import { type Json, operation, plain, refTo } from "./openapi-operation.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

/** This API for programs that make clients and pages of it: OpenAPI 3.1, out of the tables that it is served by. */
export function openApiDocument(version: string): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "Public Cloud Gateway manager",
      version,
      description:
        "Policy in the shape of NSX's Policy API, how far gateways have come with it, and who may change it.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The manager that serves this document." }],
    security: [{ token: [] }],
    tags: [
      { name: "policy", description: "What is wanted." },
      { name: "manager", description: "What is, and who may say what is wanted." },
    ],
    paths: { ...kindPaths(), ...fixedPaths() },
    components: {
      schemas: { ...kindSchemas(), Failure: plain(Failure) },
      responses: Object.fromEntries(failureStatuses.map((status) => [statusWord(status), failure(status)])),
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "An access token." } },
    },
  };
}

/** Those that are no wildcards. */
function fixedPaths(): Record<string, Json> {
  const fixed = Map.groupBy(
    routes.filter(({ path }) => !path.endsWith("/*")),
    ({ path }) => path,
  );
  return Object.fromEntries(
    [...fixed].map(([path, its]) => [
      path,
      Object.fromEntries(its.map((route) => [route.method.toLowerCase(), describe(route)])),
    ]),
  );
}

function describe(route: Route): Json {
  const { path, says, query, body, answers, takes, method } = route;
  return operation({
    ...{ route, path, says, query, idSchema: ID },
    id: idOf(method, path),
    tag: path.startsWith("/policy/") ? "policy" : "manager",
    body: takes === "tree" ? refTo("Infra") : optional(body),
    answers: answers === "tree" ? refTo("Infra") : optional(answers),
  });
}

const optional = (schema: Type.TSchema | undefined) => (schema ? plain(schema) : undefined);

/** `getApiV1GatewaysIdAgents`. */
const idOf = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const failure = (status: number): Json => ({
  description: statusWord(status).toLowerCase().replaceAll("_", " "),
  ...(status === 429 || status === 503
    ? { headers: { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } } }
    : {}),
  content: { "application/json": { schema: refTo("Failure") } },
});
