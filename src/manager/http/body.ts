import { isUtf8 } from "node:buffer";
import type Type from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { PcgError } from "../../base/error.ts";
import { schemaFlaws } from "../../model/flaw.ts";
import { repeatedKey } from "./json-keys.ts";
import { refuseShape, type Shape } from "./json-shape.ts";

/** The text of a body that may be parsed. @throws MANAGER_BAD_REQUEST */
export function textOf(bytes: Buffer, most: Shape): string {
  if (!isUtf8(bytes)) throw new PcgError("MANAGER_BAD_REQUEST", { field: "body", why: "is not UTF-8" });
  const text = bytes.toString("utf8");
  refuseShape(text, most);
  const field = repeatedKey(text);
  if (field !== undefined) throw new PcgError("MANAGER_BAD_REQUEST", { field, why: "stands twice in one object" });
  return text;
}

const compiled = new Map<Type.TSchema, Validator<Type.TProperties, Type.TSchema>>();

/** @throws MANAGER_BAD_REQUEST with all that a schema has against a body */
export function refuseBody(schema: Type.TSchema, body: unknown): void {
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(body)) return;
  const flaws = schemaFlaws(validator, body);
  throw new PcgError("MANAGER_BAD_REQUEST", {
    ...(flaws[0] ?? { field: "body", why: "is not as it should be" }),
    flaws,
  });
}
