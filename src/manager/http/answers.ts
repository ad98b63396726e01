import Type from "typebox";
import { Role } from "./roles.ts";

/** What answers are made of that are not objects of the policy tree. Others may come to them: they are open. */

const text = (description: string) => Type.String({ description });

const RealizedState = Type.Enum(["SUCCESS", "IN_PROGRESS", "ERROR", "UNKNOWN", "UNINITIALIZED"], {
  description:
    "UNKNOWN: a gateway is not connected. UNINITIALIZED: a gateway has never said how things are, or nothing enforces it, " +
    "such as a service by itself, or the distributed firewall, of which agents do not report.",
});

const Problem = Type.Object({
  gateway: text("Where."),
  id: text("The piece of runtime state it is with."),
  why: text("What the gateway says."),
});

const problems = Type.Array(Problem, { description: "What gateways cannot do of it." });

const enforcementFields = {
  gateway: text("Its id."),
  connected: Type.Boolean({ description: "Whether it is: if not, this is what it said last." }),
  state: RealizedState,
  realized: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], { description: "Up to where its kernel has what it was told." }),
  ),
};

export const Realized = Type.Object(
  {
    intent_path: text("The object."),
    consolidated_status: Type.Object({ consolidated_status: RealizedState }),
    publish_status: Type.Enum(["REALIZED", "UNREALIZED", "UNKNOWN", "ERROR"], {
      description: "The same in other words.",
    }),
    problems,
    enforcement: Type.Array(Type.Object(enforcementFields), { description: "Every gateway that it concerns." }),
  },
  { description: "How far what an object says is in force." },
);
export type Realized = Type.Static<typeof Realized>;

const RealizedBinding = Type.Object({
  source: Type.Enum(["POLICY", "DHCP"], { description: "POLICY: the port says it. DHCP: what a lease gave." }),
  binding: Type.Object({
    mac_address: text("Of the interface."),
    ip_address: Type.Optional(text("Its overlay address. Left out: it has no lease yet.")),
  }),
});

export const SegmentPortState = Type.Object(
  {
    intent_path: text("The port."),
    status: Type.Enum(["UP", "DOWN", "UNKNOWN"], {
      description:
        "UP: a gateway of its Tier-0 has it as wished, with or without an agent. UNKNOWN: none of them reports.",
    }),
    attachment: Type.Object({ id: text("The virtual machine's id, by which its agent is known.") }),
    tep_address: Type.Union([Type.String(), Type.Null()], { description: "The VM's tunnel endpoint." }),
    realized_bindings: Type.Array(RealizedBinding, {
      description: "What its packets may be from. Empty: no gateway that reports has it as wished.",
    }),
    problems,
    enforcement: Type.Array(
      Type.Object({
        ...enforcementFields,
        agent_connected: Type.Boolean({ description: "Whether the gateway serves the VM's agent." }),
      }),
      { description: "Every gateway of its segment's Tier-0." },
    ),
  },
  { description: "What is known about a port." },
);
export type SegmentPortState = Type.Static<typeof SegmentPortState>;

export const GatewayState = Type.Object(
  {
    id: text("As its certificate names it."),
    connected: Type.Boolean({ description: "Whether it is now." }),
  },
  { description: "A gateway, and what it last said of itself." },
);
export type GatewayState = Type.Static<typeof GatewayState> & Readonly<Record<string, unknown>>;

export const Results = Type.Object(
  { results: Type.Array(Type.Object({})), result_count: Type.Integer({ description: "How many there are." }) },
  { description: "A list, whole." },
);

const Online = Type.Object({ uuid: text("Its id."), address: Type.Optional(text("Where its API is.")) });

export const ClusterStatus = Type.Object(
  {
    cluster_id: text("Of this cluster of managers."),
    mgmt_cluster_status: Type.Object({
      status: Type.Enum(["STABLE", "DEGRADED", "UNAVAILABLE"], { description: "Of the managers." }),
      online_nodes: Type.Array(Online),
      offline_nodes: Type.Array(Online),
    }),
    control_cluster_status: Type.Object({
      status: Type.Enum(["STABLE", "DEGRADED", "NO_CONTROLLERS"], { description: "Of the control plane in them." }),
    }),
  },
  { description: "How the managers are." },
);
export type ClusterStatus = Type.Static<typeof ClusterStatus>;

export const EnrolmentToken = Type.Object(
  {
    token: text("With which the node enrols, once. It is not told again."),
    role: text("What the node is."),
    id: text("The node's."),
    expires_at: text("Until when it is good, UTC."),
  },
  { description: "What a node proves with who it is." },
);
export type EnrolmentToken = Type.Static<typeof EnrolmentToken>;

const tokenFields = {
  id: text("By which it is revoked."),
  name: text("Who it is for."),
  role: Role,
  created_at: text("UTC."),
  created_by: text("Whose token made it."),
  expires_at: Type.Union([Type.String(), Type.Null()], { description: "UTC. null: not until it is revoked." }),
};

export const AccessToken = Type.Object(tokenFields, { description: "A token, without what is secret of it." });
export type AccessToken = Type.Static<typeof AccessToken>;

export const NewAccessToken = Type.Object(
  { ...tokenFields, token: text("For Authorization: Bearer. It is not told again.") },
  { description: "A token that was just made." },
);

export const Health = Type.Object(
  { status: Type.Literal("UP") },
  { description: "The manager answers, and can reach its store." },
);
