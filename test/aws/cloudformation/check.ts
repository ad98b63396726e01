import { checkProperties, type Faults, type Scope } from "./check-value.ts";
import { ofItem, ofTemplate, type Reference } from "./references.ts";
import type { Specification } from "./specification.ts";
import { type Entries, entries, isList, type Template, type Value } from "./template.ts";

const SECTIONS = [
  "AWSTemplateFormatVersion",
  "Description",
  "Parameters",
  "Conditions",
  "Rules",
  "Resources",
  "Outputs",
];
const RESOURCE = ["Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"];
const PARAMETER = ["Type", "Default", "Description", "AllowedPattern", "AllowedValues", "NoEcho"];
const OUTPUT = ["Value", "Description", "Condition"];
const PARAMETER_TYPE = /^(String|Number|CommaDelimitedList|AWS::EC2::(Image|Subnet|SecurityGroup|VPC)::Id)$/;
const PSEUDO = ["AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackName"];

/** What is wrong with a template. Nothing, if it is good. */
export function check(template: Template, specification: Specification): Faults {
  const scope: Scope = { template, specification };
  const { sections, parameters, resources, outputs } = template;
  const all = ofTemplate(template);
  return [
    ...unknown(sections, SECTIONS, "template"),
    ...Object.entries(parameters).flatMap(([name, item]) => checkParameter(entries(item), `Parameters.${name}`)),
    ...Object.entries(resources).flatMap(([name, item]) => checkResource(scope, entries(item), `Resources.${name}`)),
    ...Object.entries(outputs).flatMap(([name, item]) => unknown(item, OUTPUT, `Outputs.${name}`)),
    ...all.flatMap((reference) => checkReference(scope, reference)),
    ...checkUnused(scope, all),
    ...checkCircles(scope),
  ];
}

function unknown(value: Value, names: readonly string[], at: string): Faults {
  const strange = Object.keys(entries(value)).filter((name) => !names.includes(name));
  return strange.map((name) => `${at}: ${name} is not known here`);
}

function checkParameter(parameter: Entries, at: string): Faults {
  const { Type: type, Default: initial, AllowedPattern: pattern, AllowedValues: values, Description: says } = parameter;
  const matches = (text: string) => typeof pattern !== "string" || new RegExp(`^(?:${pattern})$`).test(text);
  return [
    ...unknown(parameter, PARAMETER, at),
    ...(PARAMETER_TYPE.test(String(type)) ? [] : [`${at}: ${String(type)} is not a type of parameters`]),
    ...(says === undefined ? [`${at}: has no description`] : []),
    ...(initial === undefined || typeof initial === "string" ? [] : [`${at}: the default is not a text`]),
    ...(initial === undefined || !isList(values) || values.includes(initial)
      ? []
      : [`${at}: the default is not among the values allowed`]),
    ...(typeof initial !== "string" || matches(initial) ? [] : [`${at}: the default does not match the pattern`]),
  ];
}

function checkResource(scope: Scope, resource: Entries, at: string): Faults {
  const type = scope.specification.resource(String(resource["Type"]));
  if (!type) return [`${at}: ${String(resource["Type"])} is not a type of resources`];
  const properties = checkProperties(scope, entries(resource["Properties"]), type.properties, `${at}.Properties`);
  return [...unknown(resource, RESOURCE, at), ...properties];
}

function checkReference({ template, specification }: Scope, { kind, name, attribute, at, given }: Reference): Faults {
  if (kind === "condition") return name in template.conditions ? [] : [`${at}: condition ${name} does not exist`];
  if (kind === "ref" && (name in template.parameters || PSEUDO.includes(name))) return [];
  if (!(name in template.resources)) return [`${at}: ${name} does not exist`];
  const { Type: type, Condition: condition } = entries(template.resources[name]);
  if (typeof condition === "string" && !given.includes(condition))
    return [`${at}: ${name} exists only if ${condition}, unlike this`];
  const attributes = specification.resource(String(type))?.attributes ?? {};
  if (attribute === undefined || attribute in attributes) return [];
  return [`${at}: ${String(type)} has no attribute ${attribute}`];
}

function checkUnused({ template }: Scope, all: readonly Reference[]): Faults {
  const unused = (names: readonly string[], kind: Reference["kind"]) =>
    names.filter((name) => !all.some((one) => one.kind === kind && one.name === name));
  return [
    ...unused(Object.keys(template.parameters), "ref").map((name) => `Parameters.${name}: is not used`),
    ...unused(Object.keys(template.conditions), "condition").map((name) => `Conditions.${name}: is not used`),
  ];
}

/** Resources that wait for themselves. */
function checkCircles({ template }: Scope): Faults {
  const waitsFor = (name: string) =>
    ofItem(template.resources[name] ?? null, name)
      .filter(({ kind, name: other }) => kind !== "condition" && other in template.resources)
      .map(({ name: other }) => other);
  const reached = (from: string, seen: Set<string>): Set<string> => {
    for (const next of waitsFor(from)) if (!seen.has(next)) reached(next, seen.add(next));
    return seen;
  };
  const circular = Object.keys(template.resources).filter((name) => reached(name, new Set()).has(name));
  return circular.map((name) => `Resources.${name}: waits for itself`);
}
