import type Type from "typebox";
import type { Validator } from "typebox/compile";
import { printable } from "../base/printable.ts";
import { wantedOf } from "./text.ts";

/** What is wrong with a document, for the person who wrote it. */
export interface Flaw {
  /** Where, such as `segments[0].vni`. */
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
}

/** As one line, whatever is in the document. */
export const formatFlaw = ({ field, value, why }: Flaw): string =>
  printable(`${shortened(field || "document")}: ${why}${value === undefined ? "" : ` (is ${shownValue(value)})`}`);

/** What is longer is told by its beginning. */
const MOST_SHOWN = 300;
const shortened = (text: string): string => (text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`);
const shownValue = (value: unknown): string => shortened(JSON.stringify(value) ?? "undefined");

/** `/segments/0/vni` as `segments[0].vni`. */
const fieldOf = (pointer: string): string =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`), "");

const at = (document: unknown, pointer: string): unknown =>
  pointer
    .split("/")
    .slice(1)
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], document);

/** What a schema has against a document, one line a field. */
export function schemaFlaws(validator: Validator<Type.TProperties, Type.TSchema>, document: unknown): Flaw[] {
  const flaws = new Map<string, Flaw>();
  for (const { instancePath, keyword, message, params } of validator.Errors(document)) {
    if (keyword === "additionalProperties") continue;
    const value = plain(at(document, instancePath));
    const flaw = { field: fieldOf(instancePath), value, why: reason(keyword, message, params, value) };
    if (!flaws.has(flaw.field)) flaws.set(flaw.field, flaw);
  }
  return [...flaws.values()];
}

/** Only what fits on a line. */
const plain = (value: unknown) => (typeof value === "object" ? undefined : value);

function reason(keyword: string, message: string, params: object, value: unknown): string {
  if (keyword === "type") return wantedType((params as { type: unknown }).type, value) ?? message;
  if (keyword === "boolean") return "no such field";
  if (keyword === "enum")
    return `must be one of ${((params as { allowedValues?: unknown[] }).allowedValues ?? []).join(", ")}`;
  if (keyword === "format") {
    const { format } = params as { format: string };
    return `must be ${wantedOf(format) ?? `an ${format}`}`;
  }
  return message;
}

/** YAML takes 8080 for a number and `on` for a boolean, where a text was meant. */
const wantedType = (type: unknown, value: unknown): string | undefined =>
  type === "string" && (typeof value === "number" || typeof value === "boolean")
    ? `must be a text: write ${JSON.stringify(String(value))}, with the quotation marks`
    : undefined;
