import Type from "typebox";
import { Compile } from "typebox/compile";
import { DhcpServer, StaticBinding } from "./dhcp.ts";
import { FirewallRule } from "./firewall.ts";
import { type Flaw, schemaFlaws } from "./flaw.ts";
import { NatRule, Pat } from "./nat.ts";
import { closed, id, prefix } from "./text.ts";
import { ElasticIp, Endpoint, Route, Segment, Tep, Tier0, Underlay } from "./topology.ts";

/** Groups a rule is for, beside addresses. */
const groups = {
  sourceGroups: Type.Optional(Type.Array(id("A group."), { description: "Sources besides." })),
  destinationGroups: Type.Optional(Type.Array(id("A group."), { description: "Destinations besides." })),
};

/**
 * Runtime state, as a controller tells it: the desired state in pieces that change on their own. One row a kind; its
 * body is what the desired state has, with what ties pieces together.
 */
export const runtimeBodies = {
  certificate: closed(
    {
      good: Type.Array(
        closed({
          serial: Type.String({ pattern: "^[0-9a-f]{1,40}$", description: "Hexadecimal." }),
          until: Type.Optional(Type.Integer({ description: "Milliseconds since 1970. Left out: as it says itself." })),
        }),
        { maxItems: 8 },
      ),
    },
    "The certificates of an agent that are good. Where there is one such piece, agents without any are let in nowhere.",
  ),
  tep: Tep,
  segment: Segment,
  dhcp: Type.Omit(DhcpServer, ["bindings"], { additionalProperties: false }),
  binding: closed({ segment: id("The segment whose server gives it."), ...StaticBinding.properties }),
  port: closed({
    ...Endpoint.properties,
    name: Type.Optional(Type.String({ maxLength: 255, description: "What people call it." })),
    node: Type.Optional(id("The agent of the VM it belongs to.")),
  }),
  route: Type.Object(
    { list: Type.Enum(["uplink", "static"]), ...Route.properties },
    { additionalProperties: false, description: "One of Tier-0's." },
  ),
  underlay: Underlay,
  eip: ElasticIp,
  group: closed({ addresses: Type.Array(prefix("A member."), { maxItems: 100_000 }) }, "Addresses by name."),
  member: closed(
    {
      group: id("The group it belongs to."),
      addresses: Type.Array(prefix("Of its interfaces."), { maxItems: 1_000 }),
    },
    "A VM of a group, whose addresses are the group's besides.",
  ),
  rule: closed({
    section: id("The section it belongs to."),
    order: Type.Array(Type.Integer({ minimum: 0 }), {
      minItems: 2,
      maxItems: 2,
      description: "Of its section among the sections, and its own in there. Lower is asked first.",
    }),
    ...FirewallRule.properties,
    ...groups,
  }),
  nat: NatRule,
  gateway: closed({ mssClamp: Type.Optional(Tier0.properties.mssClamp), pat: Type.Optional(Pat) }),
  policy: closed(
    {
      order: Type.Integer({ minimum: 0, description: "Among the policies. Lower is asked first." }),
      rules: Type.Array(
        closed({
          ...FirewallRule.properties,
          direction: Type.Optional(
            Type.Enum(["IN", "OUT", "IN_OUT"], { description: "IN: towards the VM. OUT: from it. Default IN_OUT." }),
          ),
          ...groups,
        }),
        { description: "Asked in the order written." },
      ),
    },
    "A section of the distributed firewall.",
  ),
  guard: closed(
    {
      node: id("The agent of a VM."),
      policies: Type.Array(id("A policy."), { description: "Those that are enforced on it." }),
    },
    "What of the distributed firewall is for a VM.",
  ),
} as const;

type Bodies = typeof runtimeBodies;
export type RuntimeType = keyof Bodies;
/** What a resource of a kind says. */
export type RuntimeBody<T extends RuntimeType> = Type.Static<Bodies[T]>;

/** A piece of runtime state that was found sound by {@link runtimeFlaws}. */
export type RuntimePiece = { [T in RuntimeType]: { readonly type: T; readonly body: RuntimeBody<T> } }[RuntimeType];

const compiled = new Map(
  Object.entries(runtimeBodies).map(([type, schema]) => [type, Compile(schema as Type.TSchema)]),
);

/** What is wrong with a resource's body by itself. */
export function runtimeFlaws(type: string, body: unknown): Flaw[] {
  const schema = compiled.get(type);
  if (!schema) return [{ field: "type", value: type, why: "is no kind of runtime state" }];
  return schema.Check(body) ? [] : schemaFlaws(schema, body);
}
