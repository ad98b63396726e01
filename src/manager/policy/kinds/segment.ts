import Type from "typebox";
import { address, closed, interfaceAddress, mac, prefix } from "../../../model/text.ts";
import { object, pathTo, tier0Path } from "../fields.ts";

const seconds = (description: string) => Type.Integer({ minimum: 60, maximum: 4294967295, description });

/** DHCP options as the Policy API has them: 121 by name, others by code. */
const DhcpV4Options = closed({
  option121: Type.Optional(
    closed({
      static_routes: Type.Array(closed({ network: prefix("Destination."), next_hop: address("Next hop.") }), {
        maxItems: 27,
      }),
    }),
  ),
  others: Type.Optional(
    Type.Array(
      closed({
        code: Type.Integer({ minimum: 1, maximum: 254, description: "RFC 2132 and later." }),
        values: Type.Array(Type.String({ maxLength: 255 }), {
          minItems: 1,
          maxItems: 10,
          description: "Addresses, names or numbers, as the code wants; 0x… for raw bytes.",
        }),
      }),
      { maxItems: 32 },
    ),
  ),
});
export type DhcpV4Options = Type.Static<typeof DhcpV4Options>;

const SegmentSubnet = closed({
  gateway_address: interfaceAddress("The gateway's address, with the subnet's prefix length."),
  dhcp_ranges: Type.Optional(
    Type.Array(
      Type.String({ pattern: "^[0-9.]+(-[0-9.]+)?$", maxLength: 31, description: "FIRST-LAST or one address." }),
      { maxItems: 99, description: "Addresses given by DHCP." },
    ),
  ),
  dhcp_config: Type.Optional(
    closed({
      resource_type: Type.Optional(Type.Literal("SegmentDhcpV4Config")),
      server_address: Type.Optional(interfaceAddress("The server's own. Default: the gateway's.")),
      lease_time: Type.Optional(seconds("Default: the server configuration's, 86400.")),
      dns_servers: Type.Optional(Type.Array(address("Resolver."), { maxItems: 2 })),
      options: Type.Optional(DhcpV4Options),
    }),
  ),
});

export const Segment = object("Segment", {
  connectivity_path: Type.Optional(tier0Path("The Tier-0 it hangs from. Left out: it is on no gateway.")),
  overlay_id: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 0xffffff, description: "VNI. Left out: the manager chooses one." }),
  ),
  subnets: Type.Array(SegmentSubnet, { minItems: 1, maxItems: 1, description: "Its addresses." }),
  domain_name: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$", description: "DNS domain of its VMs." })),
  dhcp_config_path: Type.Optional(
    pathTo("dhcp-server-configs/[^/]+", "Which DHCP server configuration it uses. Left out: no DHCP."),
  ),
  mtu: Type.Optional(
    Type.Integer({ minimum: 576, maximum: 8943, description: "Of an inner IP packet. Default 8943." }),
  ),
});

export const DhcpServerConfig = object("DhcpServerConfig", {
  server_addresses: Type.Optional(
    Type.Array(interfaceAddress("Kept, not used: a segment's server has an address of the segment."), { maxItems: 2 }),
  ),
  lease_time: Type.Optional(seconds("Default 86400.")),
});

export const DhcpV4StaticBindingConfig = object("DhcpV4StaticBindingConfig", {
  ip_address: address("The address it always gets."),
  mac_address: mac("Hardware address."),
  host_name: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9.-]{1,63}$", description: "Option 12." })),
  gateway_address: Type.Optional(address("Option 3. Default: the segment's gateway.")),
  options: Type.Optional(DhcpV4Options),
});

/** Where a VM's interface meets a segment. */
export const SegmentPort = object("SegmentPort", {
  address_bindings: Type.Array(
    closed({
      mac_address: mac("The inner source MAC this interface may use."),
      ip_address: Type.Optional(address("Its overlay address. Left out: what its DHCP lease gives it.")),
    }),
    { minItems: 1, maxItems: 1 },
  ),
  attachment: Type.Object(
    {
      type: Type.Optional(Type.Literal("PARENT")),
      id: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", description: "The virtual machine's id." }),
    },
    { additionalProperties: false, description: "The VM it is for." },
  ),
});

/** A VM as the cloud inventory has it. */
export const VirtualMachine = object("VirtualMachine", {
  tep_address: address("Its address in the VPC, which is its tunnel endpoint."),
  tep_label: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffff, description: "Number it is known by." })),
  os_name: Type.Optional(
    Type.String({ maxLength: 255, format: "printable-text", description: "Its operating system." }),
  ),
  image: Type.Optional(
    Type.String({
      maxLength: 255,
      format: "printable-text",
      description: "What it was made from, such as an AMI's id.",
    }),
  ),
});
