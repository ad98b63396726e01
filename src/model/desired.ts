import Type from "typebox";
import { DhcpServer } from "./dhcp.ts";
import { FirewallSection } from "./firewall.ts";
import { NatRule, Pat } from "./nat.ts";
import { closed } from "./text.ts";
import { ElasticIp, Endpoint, Segment, Tep, Tier0 } from "./topology.ts";

/** All that is wanted of a gateway pair. The schema is the contract; check, type and reference are read off it. */
export const DesiredState = closed({
  generation: Type.Integer({ minimum: 0, description: "Grows with each change; status echoes it." }),
  segments: Type.Array(Segment),
  teps: Type.Array(Tep),
  endpoints: Type.Array(Endpoint),
  tier0: Tier0,
  elasticIps: Type.Optional(Type.Array(ElasticIp)),
  pat: Type.Optional(Pat),
  nat: Type.Optional(Type.Array(NatRule)),
  firewall: Type.Optional(Type.Array(FirewallSection)),
  dhcp: Type.Optional(Type.Array(DhcpServer)),
});
export type DesiredState = Type.Static<typeof DesiredState>;
