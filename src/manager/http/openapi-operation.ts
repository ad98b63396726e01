import type Type from "typebox";
import { failureStatuses, statusWord } from "./failure.ts";
import { isAtLeast } from "./roles.ts";
import type { Method, Route } from "./route.ts";

/** JSON, as OpenAPI has it. */
export type Json = Readonly<Record<string, unknown>>;

/** Of a schema only what is JSON. */
export const plain = (schema: Type.TSchema): Json => JSON.parse(JSON.stringify(schema)) as Json;

export const refTo = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const json = (schema: Json): Json => ({ "application/json": { schema } });

export interface Described {
  readonly route: Route;
  readonly path: string;
  readonly id: string;
  readonly says: string;
  readonly tag: string;
  /** Undefined: there is none. */
  readonly body?: Json | undefined;
  readonly answers?: Json | undefined;
  readonly query?: Route["query"];
  /** Of an id in the path. */
  readonly idSchema: Json;
}

/** One operation of the document. */
export function operation({ route, path, id, says, tag, body, answers, query, idSchema }: Described): Json {
  const parameters = [
    ...[...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({ name, in: "path", required: true, schema: idSchema })),
    ...Object.entries(query ?? {}).map(([name, schema]) => ({ name, in: "query", schema: plain(schema) })),
    ...(changesObject(route) ? [ifMatch] : []),
  ];
  return {
    operationId: id,
    summary: says,
    description: needs(route),
    tags: [tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: json(body) } } : {}),
    responses: {
      "200": answers
        ? { description: "What was asked for.", content: json(answers) }
        : { description: "It is done; the answer is empty." },
      ...Object.fromEntries(
        statusesOf(route.method, body !== undefined, route.needs !== "nobody").map((status) => [
          String(status),
          { $ref: `#/components/responses/${statusWord(status)}` },
        ]),
      ),
    },
    ...(route.needs === "nobody" ? { security: [] } : {}),
  };
}

const ifMatch = {
  name: "If-Match",
  in: "header",
  description: 'Only if the object is of this revision, such as "3"; else 412.',
  schema: { type: "string", pattern: '^"[0-9]{1,15}"$' },
};

const changesObject = ({ method, path }: Route) => method !== "GET" && path.endsWith("/*");

const needs = ({ needs: role }: Route): string => {
  if (role === "nobody") return "Needs no token.";
  return isAtLeast(role, "admin") ? "For the role admin." : `For the role ${role} and those above it.`;
};

/** What may go wrong. */
function statusesOf(method: Method, hasBody: boolean, needsToken: boolean): readonly number[] {
  const never = [
    ...(needsToken ? [] : [401, 403, 404]),
    ...(hasBody ? [] : [413, 415]),
    ...(method === "GET" ? [409, 412] : []),
  ];
  return failureStatuses.filter((status) => !never.includes(status));
}
