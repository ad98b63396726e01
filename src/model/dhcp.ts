import Type from "typebox";
import { address, closed, id, mac, prefix } from "./text.ts";

/** Option values a server gives. Codes are those of RFC 2132 unless said otherwise. */
export const DhcpOptions = closed({
  router: Type.Optional(Type.Array(address("Router."), { description: "3. Default: the segment's gateway." })),
  dns: Type.Optional(Type.Array(address("Resolver."), { maxItems: 2, description: "6." })),
  hostname: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9.-]{1,63}$", description: "12." })),
  domain: Type.Optional(
    Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$", description: "15. Default: the segment's dnsName." }),
  ),
  mtu: Type.Optional(Type.Integer({ minimum: 68, maximum: 65535, description: "26. Default: the segment's MTU." })),
  broadcast: Type.Optional(address("28. Default: the segment's.")),
  ntp: Type.Optional(Type.Array(address("Time server."), { description: "42." })),
  tftpServer: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "66." })),
  bootFile: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "67." })),
  searchDomains: Type.Optional(
    Type.Array(Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$" }), { description: "119 (RFC 3397)." }),
  ),
  classlessRoutes: Type.Optional(
    Type.Array(closed({ prefix: prefix("Destination."), via: address("Next hop.") }), {
      maxItems: 127,
      description: "121 (RFC 3442), and the same as 249 to clients that ask for it.",
    }),
  ),
  tftpAddresses: Type.Optional(Type.Array(address("TFTP server."), { description: "150 (RFC 5859)." })),
  raw: Type.Optional(
    Type.Array(
      closed({
        code: Type.Integer({ minimum: 1, maximum: 254 }),
        hex: Type.String({ pattern: "^([0-9A-Fa-f]{2})*$", maxLength: 2040, description: "The option's data." }),
      }),
      {
        description:
          "Any other code. 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61 and 82 are the protocol's own and refused.",
      },
    ),
  ),
});
export type DhcpOptions = Type.Static<typeof DhcpOptions>;

const Range = closed({ first: address("First address."), last: address("Last address.") });

export const StaticBinding = closed({
  ip: address("The address it always gets."),
  mac: Type.Optional(mac("Hardware address. Give this, clientId, or both.")),
  clientId: Type.Optional(
    Type.String({ pattern: "^([0-9A-Fa-f]{2}){2,255}$", description: "Option 61, in hex (RFC 4361 or any other)." }),
  ),
  options: Type.Optional(DhcpOptions),
});
export type StaticBinding = Type.Static<typeof StaticBinding>;

/** The one DHCP server of a segment. */
export const DhcpServer = closed({
  id: id("Names the server."),
  segment: id("The segment it serves."),
  address: Type.Optional(address("Its identifier (option 54) and source. Default: the segment's gateway.")),
  ranges: Type.Array(Range, { description: "Dynamic addresses, up to 65536 a range." }),
  bindings: Type.Optional(Type.Array(StaticBinding)),
  leaseSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 4294967295, description: "51. Default 86400." })),
  renewSeconds: Type.Optional(
    Type.Integer({ minimum: 30, maximum: 4294967294, description: "58, T1. Default half the lease." }),
  ),
  rebindSeconds: Type.Optional(
    Type.Integer({ minimum: 45, maximum: 4294967294, description: "59, T2. Default 7/8 of the lease." }),
  ),
  declineSeconds: Type.Optional(
    Type.Integer({ minimum: 60, maximum: 604800, description: "How long a declined address rests. Default 3600." }),
  ),
  options: Type.Optional(DhcpOptions),
  relays: Type.Optional(
    Type.Array(address("A relay's address (giaddr)."), { description: "Only these may relay to it." }),
  ),
});
export type DhcpServer = Type.Static<typeof DhcpServer>;
