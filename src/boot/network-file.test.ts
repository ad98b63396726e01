import { expect, test } from "vitest";
import { parseIpv4 } from "../net/ipv4.ts";
import { parseMac } from "../net/mac.ts";
import { parsePrefix } from "../net/prefix.ts";
import { networkFile } from "./network-file.ts";
import type { Role } from "./role.ts";

const file = (role: Role) =>
  networkFile({
    ...{ role, mac: parseMac("02:ec:0a:63:02:0a"), deviceNumber: 0, id: "eni-0a", name: "ens5" },
    ...{ address: parseIpv4("10.99.2.10"), addresses: [parseIpv4("10.99.2.10")] },
    ...{ subnet: parsePrefix("10.99.2.0/24"), vpc: [parsePrefix("10.99.0.0/16")] },
  });

test("networkFile gives management a way out and a resolver", () => {
  expect(file("management")).toMatchInlineSnapshot(`
    "# management: eni-0a. Written by pcg-boot from the instance's metadata, and again when that changes.
    [Match]
    MACAddress=02:ec:0a:63:02:0a

    [Link]
    MTUBytes=9001
    RequiredForOnline=no

    [Network]
    Address=10.99.2.10/24
    Gateway=10.99.2.1
    DNS=10.99.0.2
    DHCP=no
    LinkLocalAddressing=no
    IPv6AcceptRA=no
    LLDP=no
    "
  `);
});

test.each(["uplink", "downlink"] as const)("networkFile gives %s neither", (role) => {
  expect(file(role)).not.toMatch(/Gateway|DNS/);
});
