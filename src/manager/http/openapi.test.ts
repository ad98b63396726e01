import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { kinds } from "../policy/kinds.ts";
import { openApiDocument } from "./openapi.ts";

const document = JSON.parse(JSON.stringify(openApiDocument("1.2.3"))) as {
  paths: Record<
    string,
    Record<string, { operationId: string; security?: unknown[]; responses: Record<string, unknown> }>
  >;
  components: { schemas: Record<string, unknown> };
};

test("openApiDocument is a well-formed OpenAPI 3.1 document whose references all lead somewhere", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe("3.1");
  expect(() => validator.resolveRefs()).not.toThrow();
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(document.components.schemas).toHaveProperty(name ?? "");
});

test("openApiDocument has every kind with its collection, and names each operation once", () => {
  for (const [kind, { path }] of Object.entries(kinds)) {
    const template = `/policy/api/v1${path.replaceAll(/:(\w+)/g, "{$1}")}`;
    expect(Object.keys(document.paths[template] ?? {})).toEqual(["get", "put", "patch", "delete"]);
    expect(document.paths[template.replace(/\/\{id\}$/, "")]).toHaveProperty("get");
    expect(document.components.schemas).toHaveProperty(kind);
  }
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("openApiDocument says that only health and the document itself need no token", () => {
  const open = Object.entries(document.paths).filter(([, item]) =>
    Object.values(item).some(({ security }) => security),
  );
  expect(open.map(([path]) => path).toSorted()).toEqual(["/healthz", "/openapi.json"]);
});
