import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";

export type Value = string | number | boolean | null | readonly Value[] | Entries;
export interface Entries {
  readonly [key: string]: Value;
}

/** A template with its short forms written out: `!Ref A` is `{ Ref: "A" }`, `!GetAtt A.B` is `{ "Fn::GetAtt": ["A", "B"] }`. */
export interface Template {
  readonly sections: Entries;
  readonly parameters: Entries;
  readonly conditions: Entries;
  readonly rules: Entries;
  readonly resources: Entries;
  readonly outputs: Entries;
}

export const isEntries = (value: Value | undefined): value is Entries =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

export const entries = (value: Value | undefined): Entries => (isEntries(value) ? value : {});

/** Name and argument, if this is a call of one of CloudFormation's functions. */
export function call(value: Value): readonly [name: string, argument: Value] | undefined {
  if (!isEntries(value)) return undefined;
  const [only, ...others] = Object.entries(value);
  if (only === undefined || others.length > 0) return undefined;
  return only[0] === "Ref" || only[0] === "Condition" || only[0].startsWith("Fn::") ? only : undefined;
}

/** Text of YAML, or an error: what YAML itself forbids, such as a key that is there twice. */
export function parseTemplate(text: string): Template {
  const document = parseDocument(text, { logLevel: "error" });
  const [error] = document.errors;
  if (error) throw error;
  const sections = entries(document.contents ? written(document.contents as Node) : null);
  const section = (name: string) => entries(sections[name]);
  return {
    sections,
    parameters: section("Parameters"),
    conditions: section("Conditions"),
    rules: section("Rules"),
    resources: section("Resources"),
    outputs: section("Outputs"),
  };
}

function written(node: Node): Value {
  const plain = untagged(node);
  const { tag } = node;
  if (tag === undefined || !/^![A-Z]/.test(tag)) return plain;
  if (tag === "!Ref" || tag === "!Condition") return { [tag.slice(1)]: plain };
  if (tag === "!GetAtt" && typeof plain === "string") return { "Fn::GetAtt": splitOnce(plain) };
  return { [`Fn::${tag.slice(1)}`]: plain };
}

function untagged(node: Node): Value {
  if (isMap<Node, Node | null>(node))
    return Object.fromEntries(
      node.items.map((item) => [String(untagged(item.key)), item.value ? written(item.value) : null]),
    );
  if (isSeq<Node>(node)) return node.items.map(written);
  if (isAlias(node)) throw new Error("CloudFormation knows no aliases");
  return isScalar(node) ? (node.value as Value) : null;
}

function splitOnce(text: string): readonly string[] {
  const dot = text.indexOf(".");
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}
