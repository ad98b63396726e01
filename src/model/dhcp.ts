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
  mtu: Type.Optional(
    Type.Integer({
      minimum: 68,
      maximum: 65535,
      description: "26. Default: the segment's MTU. Never more than fits into the tunnel on the downlink.",
    }),
  ),
  broadcast: Type.Optional(address("28. Default: the segment's.")),
  ntp: Type.Optional(Type.Array(address("Time server."), { description: "42." })),
  tftpServer: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: "66; also in siaddr if it is an address such as 192.0.2.69, in sname if it is a name.",
    }),
  ),
  bootFile: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "67; also in the field file, such as pxelinux.0." }),
  ),
  searchDomains: Type.Optional(
    Type.Array(Type.String({ pattern: "^[A-Za-z0-9.-]{1,253}$" }), { description: "119 (RFC 3397)." }),
  ),
  classlessRoutes: Type.Optional(
    Type.Array(closed({ prefix: prefix("Destination."), via: address("Next hop.") }), {
      maxItems: 127,
      description:
        "121 (RFC 3442), and the same as 249 to clients that ask for it. Such clients ignore option 3, so 0.0.0.0/0 via the first router is added unless it is there, or `router: []` refuses it.",
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
  ranges: Type.Array(Range, {
    description:
      "Dynamic addresses, up to 65536 a range. One that an endpoint has as its ip is kept for that endpoint. A MAC has one lease, one offer and one declined address at a time.",
  }),
  bindings: Type.Optional(
    Type.Array(StaticBinding, {
      description: "Fixed addresses of clients that are no endpoints with an ip: those get theirs without a binding.",
    }),
  ),
  leaseSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 4294967295, description: "51. Default 86400." })),
  renewSeconds: Type.Optional(
    Type.Integer({ minimum: 30, maximum: 4294967294, description: "58, T1. Default half the lease." }),
  ),
  rebindSeconds: Type.Optional(
    Type.Integer({ minimum: 45, maximum: 4294967294, description: "59, T2. Default 7/8 of the lease." }),
  ),
  declineSeconds: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 604800,
      description: "How long a declined address rests, or until its port declines another. Default 3600.",
    }),
  ),
  options: Type.Optional(DhcpOptions),
  relays: Type.Optional(
    Type.Array(address("A relay's address (giaddr)."), {
      description: "Only these may relay to it, and only from an address in this list.",
    }),
  ),
});
export type DhcpServer = Type.Static<typeof DhcpServer>;
