import Type from "typebox";
import { address, closed, perUnit, ports, prefix } from "../../../model/text.ts";
import { object, servicePath, tier0Path } from "../fields.ts";

export const Tier0 = object("Tier0", {
  ha_mode: Type.Optional(Type.Literal("ACTIVE_STANDBY")),
  pat: Type.Optional(
    closed({
      elastic_ip: address("One of its Elastic IPs: what leaves by no other translation leaves by it."),
      ports: perUnit(ports("Port range."), "Ports each unit may take; those of a pair must not meet."),
    }),
  ),
  underlay: Type.Optional(
    Type.Array(
      closed({
        network: prefix("VPC addresses."),
        mode: Type.Enum(["ROUTED", "SNAT"], { description: "Whether the VPC sees overlay addresses as they are." }),
        next_hop: Type.Optional(address("On the downlink. Default: the VPC router.")),
      }),
      { maxItems: 64, description: "VPC prefixes joined to the overlay." },
    ),
  ),
  mss_clamp: Type.Optional(
    Type.Integer({ minimum: 536, maximum: 8960, description: "Towards the uplink. Default 1460." }),
  ),
});

export const StaticRoutes = object("StaticRoutes", {
  network: prefix("Destination."),
  next_hops: Type.Optional(
    Type.Array(
      closed({
        ip_address: Type.Optional(address("Left out: the VPC router.")),
        scope: Type.Optional(
          Type.Array(Type.Enum(["uplink", "downlink"]), { minItems: 1, maxItems: 1, description: "Default uplink." }),
        ),
      }),
      { minItems: 1, maxItems: 1 },
    ),
  ),
});

export const PolicyNatRule = object("PolicyNatRule", {
  action: Type.Enum(["SNAT", "DNAT", "REFLEXIVE", "NO_SNAT", "NO_DNAT"]),
  source_network: Type.Optional(prefix("Matches the source. Left out: any.")),
  destination_network: Type.Optional(prefix("Matches the destination. Left out: any.")),
  translated_network: Type.Optional(prefix("What it becomes.")),
  service: Type.Optional(servicePath("Protocol and ports it is for; a service of one entry. Left out: any.")),
  translated_ports: Type.Optional(ports("DNAT: the port it becomes. SNAT: the range to take ports from.")),
  sequence_number: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2147483647, description: "Lower is asked first. Default 0." }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: "Default true." })),
  logging: Type.Optional(Type.Boolean({ description: "Default false." })),
});

/** A public address of the pair. */
export const ElasticIp = object("ElasticIp", {
  address: address("The Elastic IP."),
  secondaries: perUnit(address("Secondary private address."), "On which secondary address each unit carries it."),
  overlay_ip: Type.Optional(address("The overlay address it is 1:1 for. Left out: for PAT and NAT rules.")),
});

/** A gateway unit, by the name its certificate gives it. */
export const PublicCloudGateway = object("PublicCloudGateway", {
  tier0_path: tier0Path("Whose gateway it is."),
});
