import { call, isEntries, isList, type Template, type Value } from "./template.ts";

/** Something that a template names. */
export interface Reference {
  readonly kind: "ref" | "attribute" | "condition";
  readonly name: string;
  /** Of an attribute. */
  readonly attribute?: string;
  /** Where it stands. */
  readonly at: string;
  /** What must hold for that place to exist, as far as `Condition:` and `!If` say so. */
  readonly given: readonly string[];
}

const PLACEHOLDER = /\$\{([^!}][^}]*)\}/g;

/** All that a value names, however deep. */
function references(value: Value, at: string, given: readonly string[] = []): readonly Reference[] {
  const called = call(value);
  if (called) return ofCall(called[0], called[1], at, given);
  if (isList(value)) return value.flatMap((item, i) => references(item, `${at}[${i}]`, given));
  if (isEntries(value)) return Object.entries(value).flatMap(([key, item]) => references(item, `${at}.${key}`, given));
  return [];
}

/** All that a resource or an output names. */
export function ofItem(item: Value, at: string): readonly Reference[] {
  if (!isEntries(item)) return [];
  const { Condition: condition, DependsOn: dependsOn, ...rest } = item;
  const given = typeof condition === "string" ? [condition] : [];
  const depends = isList(dependsOn) ? dependsOn : [dependsOn];
  return [
    ...given.map((name): Reference => ({ kind: "condition", name, at: `${at}.Condition`, given: [] })),
    ...depends
      .filter((name) => typeof name === "string")
      .map((name): Reference => ({ kind: "ref", name, at: `${at}.DependsOn`, given })),
    ...references(rest, at, given),
  ];
}

/** All that a whole template names. */
export function ofTemplate(template: Template): readonly Reference[] {
  return [
    ...references(template.conditions, "Conditions"),
    ...references(template.rules, "Rules"),
    ...Object.entries(template.resources).flatMap(([name, item]) => ofItem(item, `Resources.${name}`)),
    ...Object.entries(template.outputs).flatMap(([name, item]) => ofItem(item, `Outputs.${name}`)),
  ];
}

function ofCall(name: string, argument: Value, at: string, given: readonly string[]): readonly Reference[] {
  const say = (reference: Pick<Reference, "kind" | "name" | "attribute">): Reference => ({ ...reference, at, given });
  switch (name) {
    case "Ref":
      return [say({ kind: "ref", name: String(argument) })];
    case "Condition":
      return [say({ kind: "condition", name: String(argument) })];
    case "Fn::GetAtt": {
      const [resource, attribute] = isList(argument) ? argument : [];
      return [say({ kind: "attribute", name: String(resource), attribute: String(attribute) })];
    }
    case "Fn::Sub":
      return ofSub(argument, at, given);
    case "Fn::If": {
      const [condition, yes = null, no = null] = isList(argument) ? argument : [];
      const holds = String(condition);
      return [
        say({ kind: "condition", name: holds }),
        ...references(yes, at, [...given, holds]),
        ...references(no, at, given),
      ];
    }
    default:
      return references(argument, at, given);
  }
}

function ofSub(argument: Value, at: string, given: readonly string[]): readonly Reference[] {
  const [text, own = {}] = isList(argument) ? argument : [argument];
  const named = [...String(text).matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
  return [
    ...references(own, at, given),
    ...named
      .filter((name) => !(isEntries(own) && name in own))
      .map((name): Reference => {
        const [resource = "", ...attribute] = name.split(".");
        if (attribute.length === 0) return { kind: "ref", name, at, given };
        return { kind: "attribute", name: resource, attribute: attribute.join("."), at, given };
      }),
  ];
}
