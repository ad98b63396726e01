import Type from "typebox";
import { address, closed, id, perUnit, ports, prefix } from "./text.ts";

/** Transport protocols a rule can name. */
export const Protocol = Type.Enum(["tcp", "udp", "icmp"]);
export type Protocol = Type.Static<typeof Protocol>;

/** One translation, as NSX's policy API words it. */
export const NatRule = closed({
  id: id("Names the rule in counters and logs."),
  action: Type.Enum(["SNAT", "DNAT", "REFLEXIVE", "NO_SNAT", "NO_DNAT"], {
    description:
      "REFLEXIVE translates sourceNetwork to translatedNetwork outwards and back inwards, address by address.",
  }),
  priority: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2147483647, description: "Lower is asked first. Default 0." }),
  ),
  sourceNetwork: Type.Optional(prefix("Matches the source. Left out: any.")),
  destinationNetwork: Type.Optional(prefix("Matches the destination. Left out: any.")),
  translatedNetwork: Type.Optional(
    prefix(
      "SNAT, DNAT: one address, or a network as long as the matched one. REFLEXIVE: a network as long as sourceNetwork.",
    ),
  ),
  protocol: Type.Optional(Protocol),
  sourcePorts: Type.Optional(ports("Matches the source port; needs protocol tcp or udp.")),
  destinationPorts: Type.Optional(ports("Matches the destination port; needs protocol tcp or udp.")),
  translatedPorts: Type.Optional(
    ports("DNAT: the port, or a range as long as destinationPorts. SNAT: the range to take ports from."),
  ),
  enabled: Type.Optional(Type.Boolean({ description: "Default true." })),
  logging: Type.Optional(Type.Boolean({ description: "Log each new connection it translates. Default false." })),
});
export type NatRule = Type.Static<typeof NatRule>;

/** The address behind which overlay flows leave that no other rule translates. */
export const Pat = closed({
  address: address("One of elasticIps."),
  ports: perUnit(ports("Port range."), "Ports each unit may take; ranges of a pair must not meet."),
});
export type Pat = Type.Static<typeof Pat>;
