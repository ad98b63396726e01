import Type from "typebox";
import { address, closed, id, interfaceAddress, mac, perUnit, prefix } from "./text.ts";

/** A logical layer-2 network, carried in GENEVE under its VNI. */
export const Segment = closed({
  id: id("Names the segment in every other part of the state."),
  name: Type.String({ minLength: 1, maxLength: 255, description: "What people call it." }),
  vni: Type.Integer({ minimum: 1, maximum: 0xffffff, description: "Virtual Network Identifier (RFC 8926 §3.3)." }),
  gateway: interfaceAddress("The gateway's address in the segment, with the segment's prefix length."),
  dnsName: Type.Optional(
    Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$", description: "Domain of the segment's VMs." }),
  ),
  mtu: Type.Optional(
    Type.Integer({
      minimum: 576,
      maximum: 8943,
      description:
        "Bytes of an inner IP packet. Default, and at most: what the downlink's MTU leaves, such as 9001 - 58 = 8943 or 1500 - 58 = 1442. Give less where the path to a tunnel endpoint carries less, such as 1442 over a VPC peering of 1500.",
    }),
  ),
});
export type Segment = Type.Static<typeof Segment>;

/** A VM's interface on a segment. */
export const Endpoint = closed({
  segment: id("The segment's id."),
  mac: mac("The inner source MAC this interface may use."),
  ip: Type.Optional(address("Its overlay address. Left out: the address its DHCP lease gives it.")),
  tep: address("The tunnel endpoint behind which it lives."),
});
export type Endpoint = Type.Static<typeof Endpoint>;

/** A tunnel endpoint: an address frames may come from. */
export const Tep = closed({
  address: address("Its address in the VPC."),
  label: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 0xffffff, description: "Number it is known by, shown in status." }),
  ),
});
export type Tep = Type.Static<typeof Tep>;

export const Route = closed({
  prefix: prefix("Destination."),
  via: Type.Optional(
    address("Next hop. Left out: the VPC router, which is the first address of the interface's subnet."),
  ),
  interface: Type.Optional(Type.Enum(["uplink", "downlink"], { description: "Where it leaves. Default uplink." })),
});

/** How overlay and VPC addresses reach each other under one prefix. */
export const Underlay = closed({
  prefix: prefix("VPC addresses."),
  mode: Type.Enum(["routed", "snat"], {
    description:
      "routed: overlay addresses are seen as they are, both ways. snat: the VPC sees the unit's own address.",
  }),
  via: Type.Optional(address("Next hop on the downlink. Left out: the VPC router.")),
});

/** The gateway that joins segments, VPC and Internet. */
export const Tier0 = closed({
  uplinkRoutes: Type.Array(Route, { description: "Routes to the outside, as a rule 0.0.0.0/0." }),
  staticRoutes: Type.Optional(Type.Array(Route, { description: "Further routes." })),
  underlay: Type.Optional(Type.Array(Underlay, { description: "VPC prefixes joined to the overlay." })),
  mssClamp: Type.Optional(
    Type.Integer({
      minimum: 536,
      maximum: 8960,
      description:
        "TCP MSS towards the uplink. Default, and at most: what uplink and overlay carry, such as 1500 - 40.",
    }),
  ),
});
export type Tier0 = Type.Static<typeof Tier0>;

/** A public address and the secondary private address that stands for it on each unit's uplink. */
export const ElasticIp = closed({
  address: address("The Elastic IP."),
  secondary: perUnit(address("Secondary private address."), "On which secondary address each unit carries it."),
  overlayIp: Type.Optional(address("The overlay address it is 1:1 for. Left out: used by PAT or NAT rules only.")),
});
export type ElasticIp = Type.Static<typeof ElasticIp>;
