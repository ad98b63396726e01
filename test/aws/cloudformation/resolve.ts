import { call, type Entries, entries, isEntries, isList, type Template, type Value } from "./template.ts";

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": "123456789012",
  "AWS::Partition": "aws",
  "AWS::Region": "eu-central-1",
  "AWS::StackName": "stack",
};

/** Stands for what is to be left out. */
const NOTHING = Symbol();
type Resolved = Value | typeof NOTHING;

/**
 * The properties of the resources that a stack with these parameters has, with every function worked out. Resources get
 * their name as id, and NAME.ATTRIBUTE as attribute.
 */
export function resolve(template: Template, given: Readonly<Record<string, string>>): ReadonlyMap<string, Entries> {
  const world = new World(template, given);
  const present = Object.entries(template.resources).filter(([, item]) => world.exists(entries(item)["Condition"]));
  return new Map(present.map(([name, item]) => [name, entries(world.value(entries(item)["Properties"] ?? {}))]));
}

class World {
  readonly #template: Template;
  readonly #given: Readonly<Record<string, string>>;

  constructor(template: Template, given: Readonly<Record<string, string>>) {
    this.#template = template;
    this.#given = given;
  }

  exists(condition: Value | undefined): boolean {
    return typeof condition !== "string" || this.#holds({ Condition: condition });
  }

  value(value: Value): Value {
    const resolved = this.#resolved(value);
    return resolved === NOTHING ? null : resolved;
  }

  #resolved(value: Value): Resolved {
    const called = call(value);
    if (called) return this.#called(...called);
    if (isList(value)) return value.map((item) => this.#resolved(item)).filter((item) => item !== NOTHING);
    if (!isEntries(value)) return value;
    const all = Object.entries(value).map(([key, item]) => [key, this.#resolved(item)] as const);
    return Object.fromEntries(all.filter((entry): entry is [string, Value] => entry[1] !== NOTHING));
  }

  #called(name: string, argument: Value): Resolved {
    const list = isList(argument) ? argument : [argument];
    switch (name) {
      case "Ref":
        return argument === "AWS::NoValue" ? NOTHING : this.#ref(String(argument));
      case "Fn::GetAtt":
        return list[1] === "Arn" ? `arn:aws:iam::${PSEUDO["AWS::AccountId"]}:role/${list[0]}` : list.join(".");
      case "Fn::If":
        return this.#resolved(list[this.#holds({ Condition: list[0] ?? null }) ? 1 : 2] ?? null);
      case "Fn::Sub":
        return String(argument).replace(/\$\{([^}]+)\}/g, (_, key: string) => String(this.#ref(key)));
      case "Fn::Join":
        return this.#list(list[1]).join(String(list[0]));
      case "Fn::Select":
        return this.#list(list[1])[Number(list[0])] ?? null;
      case "Fn::Base64":
        return Buffer.from(String(this.value(argument))).toString("base64");
      case "Fn::GetAZs":
        return ["a", "b", "c"].map((zone) => `${PSEUDO["AWS::Region"]}${zone}`);
      default:
        throw new Error(`${name} is not known`);
    }
  }

  #list(value: Value | undefined): readonly Value[] {
    const resolved = this.value(value ?? []);
    return isList(resolved) ? resolved : [];
  }

  #ref(name: string): Value {
    const { Type: type, Default: initial } = entries(this.#template.parameters[name]);
    if (type === undefined) return PSEUDO[name] ?? name;
    const chosen = this.#given[name] ?? initial;
    if (typeof chosen !== "string") throw new Error(`${name} is not given`);
    return type === "CommaDelimitedList" ? chosen.split(",") : chosen;
  }

  #holds(condition: Value): boolean {
    const [name, argument] = call(condition) ?? [];
    const list = isList(argument) ? argument : [];
    switch (name) {
      case "Condition":
        return this.#holds(this.#template.conditions[String(argument)] ?? null);
      case "Fn::Equals":
        return this.value(list[0] ?? null) === this.value(list[1] ?? null);
      case "Fn::Not":
        return !this.#holds(list[0] ?? null);
      case "Fn::And":
        return list.every((one) => this.#holds(one));
      default:
        throw new Error(`${String(name)} is not a condition`);
    }
  }
}
