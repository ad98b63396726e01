import Type from "typebox";
import { Protocol } from "./nat.ts";
import { closed, id, ports, prefix } from "./text.ts";

const Service = closed({
  protocol: Protocol,
  sourcePorts: Type.Optional(ports("Default any.")),
  destinationPorts: Type.Optional(ports("Default any.")),
  icmpType: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: "icmp only. Default any." })),
});
export type Service = Type.Static<typeof Service>;

/** Addresses are those inside: after DNAT, before SNAT. */
export const FirewallRule = closed({
  id: id("Names the rule in counters and logs."),
  action: Type.Enum(["ALLOW", "DROP", "REJECT"]),
  direction: Type.Optional(
    Type.Enum(["IN", "OUT", "IN_OUT"], {
      description: "IN: towards the overlay. OUT: from it. Default IN_OUT.",
    }),
  ),
  sources: Type.Optional(Type.Array(prefix("Source."), { description: "Default any." })),
  destinations: Type.Optional(Type.Array(prefix("Destination."), { description: "Default any." })),
  services: Type.Optional(Type.Array(Service, { description: "Default any." })),
  enabled: Type.Optional(Type.Boolean({ description: "Default true." })),
  logging: Type.Optional(Type.Boolean({ description: "Log each new connection it decides. Default false." })),
  persistEstablished: Type.Optional(
    Type.Boolean({
      description:
        "Connections that match and have begun go on, whatever this rule or one before it comes to say of new ones. Default false: a change of rules that denies a connection ends it.",
    }),
  ),
});
export type FirewallRule = Type.Static<typeof FirewallRule>;

/** Stateful: a rule decides the first packet of a connection, the rest follows it. Asked in the order written. */
export const FirewallSection = closed({
  id: id("Names the section."),
  rules: Type.Array(FirewallRule),
});
export type FirewallSection = Type.Static<typeof FirewallSection>;
