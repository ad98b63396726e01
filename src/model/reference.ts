import type Type from "typebox";

/** One field of a document, as its reference tells it. */
export interface ReferenceRow {
  /** Such as `segments[].vni`; parts of a perUnit value stand as `UNIT`. */
  readonly field: string;
  readonly form: string;
  readonly required: boolean;
  readonly says: string;
}

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Every field of a schema, parents before children, in the order written. */
export const referenceOf = (schema: Type.TSchema): ReferenceRow[] => children(schema as Node, "");

function children(node: Node, path: string): ReferenceRow[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(child, path === "" ? name : `${path}.${name}`, node.required?.includes(name) ?? false),
  );
  const perUnit = Object.values(node.patternProperties ?? {}).flatMap((child) => rowsOf(child, `${path}.UNIT`, false));
  return [...own, ...perUnit];
}

function rowsOf(node: Node, path: string, required: boolean): ReferenceRow[] {
  const row = { field: path, form: formOf(node), required, says: node.description ?? "" };
  const inner = node.items ? rowsOfItems(node.items, `${path}[]`) : children(node, path);
  return [row, ...inner];
}

const rowsOfItems = (items: Node, path: string): ReferenceRow[] =>
  items.properties
    ? children(items, path)
    : [{ field: path, form: formOf(items), required: false, says: items.description ?? "" }];

function formOf(node: Node): string {
  if (node.enum) return node.enum.map(String).join(" | ");
  if (node.const !== undefined) return String(node.const);
  if (node.anyOf) return node.anyOf.map(formOf).join(" | ");
  if (node.type === "integer")
    return node.maximum === undefined
      ? `integer from ${node.minimum ?? 0}`
      : `integer ${node.minimum}..${node.maximum}`;
  if (node.type === "array") return "list";
  if (node.type === "object") return node.patternProperties ? "value per unit" : "object";
  return node.format ?? node.type ?? "any";
}
