import { expect, test } from "vitest";
import { canBeGiven, dhcpOptions } from "./dhcp-options.ts";

test.each([
  [3, ["10.0.0.1"], { router: ["10.0.0.1"] }],
  [6, ["10.0.0.1", "10.0.0.2"], { dns: ["10.0.0.1", "10.0.0.2"] }],
  [12, ["vm"], { hostname: "vm" }],
  [15, ["lab.example"], { domain: "lab.example" }],
  [26, ["1400"], { mtu: 1400 }],
  [26, ["words"], undefined],
  [28, ["10.0.0.255"], { broadcast: "10.0.0.255" }],
  [42, ["10.0.0.1", "10.0.0.2"], { ntp: ["10.0.0.1", "10.0.0.2"] }],
  [66, ["tftp.example"], { tftpServer: "tftp.example" }],
  [67, ["pxelinux.0"], { bootFile: "pxelinux.0" }],
  [67, ["one", "two"], undefined],
  [67, ["0x70"], { raw: [{ code: 67, hex: "70" }] }],
  [119, ["a.example", "b.example"], { searchDomains: ["a.example", "b.example"] }],
  [150, ["10.0.0.1"], { tftpAddresses: ["10.0.0.1"] }],
  [224, ["0x01AB", "0x"], { raw: [{ code: 224, hex: "01AB" }] }],
  [121, ["0x00"], { raw: [{ code: 121, hex: "00" }] }],
  [224, ["words"], undefined],
  [224, ["0x012"], undefined],
  [53, ["0x01"], undefined],
])("dhcpOptions of code %i with %j is %j", (code, values, options) => {
  expect(dhcpOptions({ others: [{ code, values }] })).toEqual(options);
});

test("dhcpOptions say nothing twice: what is said by name counts, and of the rest what is said last", () => {
  const others = [
    { code: 6, values: ["0x0a000001"] },
    { code: 12, values: ["other"] },
    { code: 249, values: ["0x00"] },
    { code: 224, values: ["0x01"] },
    { code: 224, values: ["0x02"] },
  ];
  const option121 = { static_routes: [{ network: "10.0.0.0/8", next_hop: "10.0.0.1" }] };
  expect(dhcpOptions({ option121, others }, { dns: ["10.0.0.2"], hostname: "vm" })).toEqual({
    dns: ["10.0.0.2"],
    hostname: "vm",
    classlessRoutes: [{ prefix: "10.0.0.0/8", via: "10.0.0.1" }],
    raw: [{ code: 224, hex: "02" }],
  });
  expect(dhcpOptions()).toBeUndefined();
});

test.each([
  [true, 42, ["10.0.0.1", "10.0.0.2"]],
  [false, 42, ["words"]],
  [false, 6, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]],
  [true, 26, ["1400"]],
  [false, 26, ["67"]],
  [false, 26, ["words"]],
  [true, 119, ["lab.example"]],
  [false, 119, ["a..b"]],
  [true, 224, ["0x00"]],
  [false, 224, ["words"]],
])("it is %s that code %i can be given with %j", (can, code, values) => {
  expect(canBeGiven(code, values)).toBe(can);
});
