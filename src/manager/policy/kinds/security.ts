import Type from "typebox";
import { closed, ports, prefix } from "../../../model/text.ts";
import { groupPath, object, pathTo, servicePath, tier0Path, whom } from "../fields.ts";

const portList = (description: string) =>
  Type.Optional(Type.Array(ports("A port or range."), { maxItems: 15, description }));

export const ServiceEntry = Type.Union([
  closed({
    resource_type: Type.Literal("L4PortSetServiceEntry"),
    id: Type.Optional(Type.String({ maxLength: 63 })),
    display_name: Type.Optional(Type.String({ maxLength: 255, format: "printable-text" })),
    l4_protocol: Type.Enum(["TCP", "UDP"]),
    source_ports: portList("Default any."),
    destination_ports: portList("Default any."),
  }),
  closed({
    resource_type: Type.Literal("ICMPTypeServiceEntry"),
    id: Type.Optional(Type.String({ maxLength: 63 })),
    display_name: Type.Optional(Type.String({ maxLength: 255, format: "printable-text" })),
    protocol: Type.Literal("ICMPv4"),
    icmp_type: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: "Default any." })),
  }),
]);
export type ServiceEntry = Type.Static<typeof ServiceEntry>;

export const Service = object("Service", {
  service_entries: Type.Array(ServiceEntry, { minItems: 1, maxItems: 50 }),
});

const Condition = closed({
  resource_type: Type.Literal("Condition"),
  member_type: Type.Enum(["VirtualMachine", "Segment", "SegmentPort"], { description: "What is looked at." }),
  key: Type.Enum(["Tag", "Name", "OSName", "Image"], { description: "OSName and Image: of virtual machines only." }),
  operator: Type.Enum(["EQUALS", "NOTEQUALS", "CONTAINS", "STARTSWITH", "ENDSWITH"]),
  value: Type.String({ minLength: 1, maxLength: 512, description: "Tag: SCOPE|TAG; an empty half matches any." }),
});
const Conjunction = closed({
  resource_type: Type.Literal("ConjunctionOperator"),
  conjunction_operator: Type.Enum(["AND", "OR"], { description: "AND only between conditions; OR binds less." }),
});
const Addresses = closed({
  resource_type: Type.Literal("IPAddressExpression"),
  ip_addresses: Type.Array(prefix("Addresses."), { minItems: 1, maxItems: 4000 }),
});
const Paths = closed({
  resource_type: Type.Literal("PathExpression"),
  paths: Type.Array(
    pathTo("(segments/[^/]+(/ports/[^/]+)?|domains/default/groups/[^/]+|virtual-machines/[^/]+)", "A member."),
    { minItems: 1, maxItems: 500 },
  ),
});
export const Expression = Type.Union([Condition, Conjunction, Addresses, Paths]);
export type Expression = Type.Static<typeof Expression>;
export type Condition = Type.Static<typeof Condition>;

/** VMs, ports and addresses by what they are. An empty one has no member. */
export const Group = object("Group", {
  expression: Type.Array(Expression, {
    maxItems: 21,
    description: "Conditions, with a conjunction between each two: A AND B OR C. Addresses and paths only after OR.",
  }),
});

const sequence = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 999999, description: "Lower is asked first. Default 0." }),
);

/** A section of the distributed firewall, which the VMs' agents enforce. */
export const SecurityPolicy = object("SecurityPolicy", {
  category: Type.Optional(
    Type.Enum(["Emergency", "Infrastructure", "Environment", "Application"], {
      description: "Asked in this order. Default Application.",
    }),
  ),
  sequence_number: sequence,
  scope: Type.Optional(
    Type.Array(Type.Union([Type.Literal("ANY"), groupPath("VMs of a group.")]), {
      minItems: 1,
      maxItems: 128,
      description: "On which VMs its rules are enforced. Default ANY.",
    }),
  ),
});

/** A section of the gateway firewall. */
export const GatewayPolicy = object("GatewayPolicy", {
  category: Type.Optional(
    Type.Enum(["Emergency", "SharedPreRules", "LocalGatewayRules", "Default"], {
      description: "Asked in this order. Default LocalGatewayRules.",
    }),
  ),
  sequence_number: sequence,
});

const ruleFields = {
  action: Type.Enum(["ALLOW", "DROP", "REJECT"]),
  direction: Type.Optional(Type.Enum(["IN", "OUT", "IN_OUT"], { description: "As the VM sees it. Default IN_OUT." })),
  source_groups: whom("Default ANY."),
  destination_groups: whom("Default ANY."),
  services: Type.Optional(
    Type.Array(Type.Union([Type.Literal("ANY"), servicePath("A service.")]), {
      minItems: 1,
      maxItems: 128,
      description: "Default ANY.",
    }),
  ),
  service_entries: Type.Optional(Type.Array(ServiceEntry, { maxItems: 50, description: "Besides services." })),
  sequence_number: sequence,
  disabled: Type.Optional(Type.Boolean({ description: "Default false." })),
  logged: Type.Optional(Type.Boolean({ description: "Default false." })),
};

/** A rule of the distributed firewall. */
export const Rule = object("Rule", ruleFields);

/** A rule of the gateway firewall. Addresses are those inside: after DNAT, before SNAT. */
export const GatewayRule = object("Rule", {
  ...ruleFields,
  persist_established: Type.Optional(
    Type.Boolean({
      description:
        "Connections that match and have begun go on, whatever this rule or one before it comes to say of new ones. Default false.",
    }),
  ),
  scope: Type.Optional(
    Type.Array(tier0Path("On the gateways of a Tier-0."), {
      minItems: 1,
      maxItems: 64,
      description: "Default: on all.",
    }),
  ),
});
