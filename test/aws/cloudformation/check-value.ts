import type { Property, PropertyType } from "@aws-cdk/service-spec-types";
import type { Specification } from "./specification.ts";
import { call, type Entries, entries, isEntries, isList, type Template, type Value } from "./template.ts";

export interface Scope {
  readonly template: Template;
  readonly specification: Specification;
}

/** Place and reason, one a line. */
export type Faults = readonly string[];

type Of<T extends PropertyType["type"]> = Extract<PropertyType, { type: T }>;
type Properties = Readonly<Record<string, Property>>;

const TAG: Properties = {
  Key: { type: { type: "string" }, required: true },
  Value: { type: { type: "string" }, required: true },
};

/** What functions give that always give the same. */
const GIVES: Readonly<Record<string, PropertyType>> = {
  "Fn::Sub": { type: "string" },
  "Fn::Join": { type: "string" },
  "Fn::Base64": { type: "string" },
  "Fn::GetAZs": { type: "array", element: { type: "string" } },
};
/** What gives one of a list. */
const SELECT = "Fn::Select";

export function checkProperties(scope: Scope, has: Entries, known: Properties, at: string): Faults {
  const present = Object.entries(has).flatMap(([name, value]) => {
    const property = known[name];
    return property
      ? checkValue(scope, value, property.type, `${at}.${name}`)
      : [`${at}: there is no property ${name}`];
  });
  const missing = Object.entries(known).filter(([name, { required }]) => required && !(name in has));
  return [...present, ...missing.map(([name]) => `${at}: ${name} is missing`)];
}

function checkValue(scope: Scope, value: Value, type: PropertyType, at: string): Faults {
  if (type.type === "json") return [];
  if (type.type === "union") return checkUnion(scope, value, type, at);
  const called = call(value);
  if (called) return checkCall(scope, called, type, at);
  switch (type.type) {
    case "array":
      if (!isList(value)) return [`${at}: is not a list`];
      return value.flatMap((item, i) => checkValue(scope, item, type.element, `${at}[${i}]`));
    case "map":
      if (!isEntries(value)) return [`${at}: is not a map`];
      return Object.entries(value).flatMap(([key, item]) => checkValue(scope, item, type.element, `${at}.${key}`));
    case "ref":
    case "tag":
      if (!isEntries(value)) return [`${at}: is not an object`];
      return checkProperties(scope, value, type.type === "tag" ? TAG : scope.specification.properties(type), at);
    default:
      return checkPlain(value, type, at);
  }
}

/** Good if it is good as any of them. */
function checkUnion(scope: Scope, value: Value, { types }: Of<"union">, at: string): Faults {
  const [first = [], ...others] = types.map((type) => checkValue(scope, value, type, at));
  return others.some((faults) => faults.length === 0) ? [] : first;
}

function checkPlain(value: Value, type: PropertyType, at: string): Faults {
  const fits = {
    integer: () => Number.isInteger(value),
    number: () => typeof value === "number",
    boolean: () => typeof value === "boolean",
  };
  const fit = type.type in fits ? fits[type.type as keyof typeof fits]() : typeof value === "string";
  if (!fit) return [`${at}: ${JSON.stringify(value)} is not of type ${type.type}`];
  const allowed = "allowedValues" in type ? type.allowedValues : undefined;
  if (!allowed || allowed.some((one) => one === value)) return [];
  return [`${at}: ${JSON.stringify(value)} is none of ${allowed.join(" ")}`];
}

function checkCall(scope: Scope, [name, argument]: readonly [string, Value], type: PropertyType, at: string): Faults {
  if (name === "Fn::If") return checkIf(scope, argument, type, at);
  if (name === SELECT || (name === "Ref" && argument === "AWS::NoValue")) return [];
  const given = gives(scope, name, argument);
  if (!given) return [`${at}: ${name} is not known`];
  if (!goesInto(given, type)) return [`${at}: a value of type ${given.type} where ${type.type} is asked for`];
  return name === "Ref" ? checkChoices(scope, String(argument), type, at) : [];
}

function checkIf(scope: Scope, argument: Value, type: PropertyType, at: string): Faults {
  if (!isList(argument) || argument.length !== 3) return [`${at}: Fn::If takes a condition and two values`];
  return argument.slice(1).flatMap((branch) => checkValue(scope, branch, type, at));
}

function gives({ template, specification }: Scope, name: string, argument: Value): PropertyType | undefined {
  if (name === "Ref") return ofRef(entries(template.parameters[String(argument)])["Type"]);
  if (name !== "Fn::GetAtt") return GIVES[name];
  const [resource, attribute] = isList(argument) ? argument : [];
  const { Type: type } = entries(template.resources[String(resource)]);
  // An attribute that does not exist is reported as a reference.
  return specification.resource(String(type))?.attributes[String(attribute)]?.type ?? { type: "string" };
}

function ofRef(parameter: Value | undefined): PropertyType {
  if (parameter === "Number") return { type: "number" };
  if (parameter === "CommaDelimitedList") return { type: "array", element: { type: "string" } };
  return { type: "string" };
}

function goesInto(given: PropertyType, asked: PropertyType): boolean {
  if (given.type === asked.type) return true;
  if (asked.type === "date-time") return given.type === "string";
  return given.type === "number" && asked.type === "integer";
}

/** A parameter where one of a few is asked for: whatever may be chosen must be one of them. */
function checkChoices({ template }: Scope, parameter: string, type: PropertyType, at: string): Faults {
  const { AllowedValues: choices } = entries(template.parameters[parameter]);
  return isList(choices) ? choices.flatMap((choice) => checkPlain(choice, type, at)) : [];
}
