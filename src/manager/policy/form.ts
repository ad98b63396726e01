import type Type from "typebox";
import { Compile, type Validator } from "typebox/compile";
import Format from "typebox/format";
import { type Flaw, schemaFlaws } from "../../model/flaw.ts";
import { type KindName, kinds } from "./kinds.ts";

/** What is read of a schema. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly examples?: readonly unknown[];
}

const compiled = new Map<KindName, Validator<Type.TProperties, Type.TSchema>>();

function validatorOf(kind: KindName): Validator<Type.TProperties, Type.TSchema> {
  const validator = compiled.get(kind) ?? Compile(kinds[kind].schema as Type.TSchema);
  compiled.set(kind, validator);
  return validator;
}

/**
 * What is wrong with an object's form. The schema library decides; what it says about alternatives is not for people, so
 * flaws are looked for here, in the alternative that `resource_type` names.
 *
 * @param at the place of the object in what was sent
 */
export function formFlaws(kind: KindName, object: unknown, at: string): Flaw[] {
  const validator = validatorOf(kind);
  if (validator.Check(object)) return [];
  const flaws = flawsOf(kinds[kind].schema as Type.TSchema as Node, object, at);
  return flaws.length > 0
    ? flaws
    : schemaFlaws(validator, object).map((flaw) => ({ ...flaw, field: join(at, flaw.field) }));
}

/** `a` and `b` as `a.b`. */
export const join = (at: string, field: string): string => (at === "" || field === "" ? at + field : `${at}.${field}`);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function flawsOf(node: Node, value: unknown, at: string): Flaw[] {
  if (node.anyOf) return alternativeFlaws(node.anyOf, value, at);
  if (node.type === "object") return objectFlaws(node, value, at);
  if (node.type === "array") return listFlaws(node, value, at);
  return isAs(node, value) ? [] : [{ field: at, value: shown(value), why: `must be ${wanted(node)}` }];
}

/** Only what fits on a line. */
export const shown = (value: unknown) => (typeof value === "object" && value !== null ? undefined : value);

function objectFlaws(node: Node, value: unknown, at: string): Flaw[] {
  if (!isRecord(value)) return [{ field: at, value: shown(value), why: "must be an object" }];
  const missing = (node.required ?? [])
    .filter((name) => !Object.hasOwn(value, name))
    .map(
      (name): Flaw => ({ field: join(at, name), value: undefined, why: `is missing: give ${wantedIn(node, name)}` }),
    );
  const given = Object.entries(value).flatMap(([name, inner]) => {
    const schema = fieldOf(node, name);
    const field = join(at, name);
    return schema ? flawsOf(schema, inner, field) : [{ field, value: shown(inner), why: unknownField(node) }];
  });
  return [...missing, ...given];
}

function fieldOf({ properties, patternProperties }: Node, name: string): Node | undefined {
  if (properties && Object.hasOwn(properties, name)) return properties[name];
  return Object.entries(patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, "u").test(name))?.[1];
}

const wantedIn = (node: Node, name: string) => wanted(node.properties?.[name] ?? {});

const unknownField = ({ patternProperties }: Node) =>
  patternProperties ? "no unit has such a name; units' names are like a or unit-1" : "no such field";

function listFlaws({ items, minItems = 0, maxItems = Infinity }: Node, value: unknown, at: string): Flaw[] {
  if (!Array.isArray(value)) return [{ field: at, value: shown(value), why: "must be a list" }];
  const size = minItems === maxItems ? `${minItems}` : `${minItems} to ${maxItems}`;
  if (value.length < minItems || value.length > maxItems)
    return [{ field: at, value: undefined, why: `must be a list of ${size}, and has ${value.length}` }];
  return value.flatMap((item, i) => flawsOf(items ?? {}, item, `${at}[${i}]`));
}

function alternativeFlaws(alternatives: readonly Node[], value: unknown, at: string): Flaw[] {
  const types = alternatives.flatMap((node) => node.properties?.["resource_type"]?.const ?? []);
  if (types.length > 0 && isRecord(value)) {
    const named = alternatives.find((node) => node.properties?.["resource_type"]?.const === value["resource_type"]);
    if (named) return flawsOf(named, value, at);
    const why = `must be one of ${types.join(", ")}`;
    return [{ field: join(at, "resource_type"), value: shown(value["resource_type"]), why }];
  }
  if (alternatives.some((node) => flawsOf(node, value, at).length === 0)) return [];
  return [{ field: at, value: shown(value), why: `must be ${alternatives.map(wanted).join(", or ")}` }];
}

function isAs(node: Node, value: unknown): boolean {
  if (node.const !== undefined) return value === node.const;
  if (node.enum) return node.enum.includes(value);
  if (node.type === "string") return typeof value === "string" && isText(node, value);
  if (node.type === "integer") return Number.isInteger(value) && isBetween(node, value as number);
  return node.type === "boolean" ? typeof value === "boolean" : true;
}

const isText = ({ format, pattern, minLength = 0, maxLength = Infinity }: Node, value: string) =>
  value.length >= minLength &&
  value.length <= maxLength &&
  (format === undefined || Format.Test(format, value)) &&
  (pattern === undefined || new RegExp(pattern, "u").test(value));

const isBetween = ({ minimum = -Infinity, maximum = Infinity }: Node, value: number) =>
  value >= minimum && value <= maximum;

const ID_PATTERNS = /\[A-Za-z0-9\]\[A-Za-z0-9\._-\]\{0,62\}|\[\^\/\]\+/g;

/** What a value should be, such as `an ipv4-prefix such as 10.0.0.0/8`. */
function wanted(node: Node): string {
  if (node.const !== undefined) return String(node.const);
  if (node.enum) return `one of ${node.enum.join(", ")}`;
  if (node.type === "array") return "a list";
  if (node.type === "integer") return integerWanted(node);
  if (node.type === "string") return textWanted(node);
  return node.type === "boolean" ? "true or false" : "an object";
}

const article = (word: string) => (/^[aeiou]/.test(word) ? "an" : "a");

const integerWanted = ({ minimum, maximum }: Node) =>
  minimum === undefined || maximum === undefined ? "an integer" : `an integer, ${minimum} to ${maximum}`;

function textWanted({ format, pattern, examples, minLength = 0, maxLength }: Node): string {
  if (format !== undefined)
    return `${article(format)} ${format}${examples?.[0] === undefined ? "" : ` such as ${examples[0]}`}`;
  if (pattern?.startsWith("^/infra/")) return `a path like ${pattern.slice(1, -1).replaceAll(ID_PATTERNS, "ID")}`;
  if (pattern !== undefined) return `text that matches ${pattern}`;
  return maxLength === undefined ? "text" : `text of ${minLength} to ${maxLength} characters`;
}
