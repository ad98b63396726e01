import Type from "typebox";
import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import type { InterfaceAddress } from "../net/prefix.ts";
import { address, closed, id, mac } from "./text.ts";

const Interface = closed({
  name: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_.-]{1,15}$", description: "Its name, such as ens5." })),
  mac: Type.Optional(mac("Its MAC. Give name or mac.")),
  gateway: Type.Optional(address("The VPC router on its subnet. Default: the subnet's first address.")),
});

const ControllerConfig = closed(
  {
    hosts: Type.Array(
      Type.String({ minLength: 1, maxLength: 253, format: "printable-text", description: "A name or an address." }),
      {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description:
          "All that are the controller. What is wanted is heard from one of them, when it fails from the next; all are told how things are.",
      },
    ),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: "Default 1235." })),
    id: id("Who must be there, by its certificate."),
  },
  "The controller that says what is wanted. Left out: --desired does.",
);
export type ControllerConfig = Type.Static<typeof ControllerConfig>;

/** What this unit is, as opposed to what is wanted of it: /etc/pcg/pcgd.yaml. */
export const UnitConfig = closed({
  unit: Type.String({
    pattern: "^[a-z][a-z0-9-]{0,15}$",
    description: "This unit's name in perUnit values, such as a.",
  }),
  interfaces: closed({ uplink: Interface, downlink: Interface, management: Interface }),
  tep: closed({
    address: address("This unit's tunnel endpoint; an address of the downlink."),
    label: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 0xffffff, description: "Sent in the option's data. Default 0." }),
    ),
  }),
  geneve: Type.Optional(
    closed({
      port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: "UDP port. Default 6081." })),
      optionClass: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 65535, description: "Default 260 (0x0104, VMware)." }),
      ),
      optionType: Type.Optional(
        Type.Integer({ minimum: 128, maximum: 255, description: "Default 128 (0x80, critical)." }),
      ),
      checksum: Type.Optional(
        Type.Enum(["zero", "full"], {
          description:
            "Outer UDP checksum. full: on every packet but those the NIC still has to segment. Default zero.",
        }),
      ),
      dscp: Type.Optional(
        Type.Union([Type.Literal("inherit"), Type.Integer({ minimum: 0, maximum: 63 })], {
          description: "Outer DSCP: the inner packet's, or a fixed value (RFC 2983 pipe). Default inherit.",
        }),
      ),
      ttl: Type.Optional(Type.Integer({ minimum: 1, maximum: 255, description: "Outer TTL. Default 64." })),
    }),
  ),
  controller: Type.Optional(ControllerConfig),
  agents: Type.Optional(
    closed(
      { port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: "Default 5555." })) },
      "The VMs' agents, to which the gateway passes on what concerns them of what its controller says.",
    ),
  ),
  flowCache: Type.Optional(
    Type.Enum(["on", "off"], {
      description:
        "on: packets of established connections take the fast path. off: every packet is seen by nftables. Default on.",
    }),
  ),
  routerMac: Type.Optional(mac("The gateway's MAC on every segment. Default 02:50:56:56:44:52.")),
});
export type UnitConfig = Type.Static<typeof UnitConfig>;

/** An interface as the kernel has it now. */
export interface UnitInterface {
  readonly name: string;
  readonly index: number;
  readonly mac: Mac;
  readonly mtu: number;
  readonly address: InterfaceAddress;
  readonly gateway: Ipv4;
}

/** This unit, all defaults filled in and its interfaces found. What the datapath's stages are given beside the wish. */
export interface Unit {
  readonly name: string;
  readonly uplink: UnitInterface;
  readonly downlink: UnitInterface;
  readonly management: UnitInterface;
  readonly tep: { readonly address: Ipv4; readonly label: number };
  readonly geneve: {
    readonly port: number;
    readonly optionClass: number;
    readonly optionType: number;
    readonly checksum: "zero" | "full";
    readonly dscp: "inherit" | number;
    readonly ttl: number;
  };
  readonly routerMac: Mac;
  /** Whether established connections take the fast path: wished, and this kernel can. */
  readonly flowCache: boolean;
}
