import { expect, test } from "vitest";
import type { DhcpServer } from "../model/dhcp.ts";
import { formatFlaw } from "../model/flaw.ts";
import { checkDhcpServer } from "./check.ts";
import { web, webServer } from "./lan.testing.ts";
import { makeScope } from "./scope.ts";

const full: Partial<DhcpServer> = {
  address: "192.168.100.2",
  ranges: [
    { first: "192.168.100.3", last: "192.168.100.99" },
    { first: "192.168.100.200", last: "192.168.100.254" },
  ],
  bindings: [
    { ip: "192.168.100.100", mac: "02:00:00:00:00:01" },
    { ip: "192.168.100.101", clientId: "0102" },
    { ip: "192.168.100.102", mac: "02:00:00:00:00:01", clientId: "0102", options: { dns: ["192.0.2.53"] } },
  ],
  leaseSeconds: 600,
  renewSeconds: 100,
  rebindSeconds: 101,
  options: {
    dns: ["192.0.2.53"],
    raw: [
      { code: 60, hex: "81" },
      { code: 224, hex: "" },
    ],
  },
  relays: ["192.168.100.9"],
};

test.each([{}, full, { leaseSeconds: 60 }, { leaseSeconds: 0xffff_ffff }, { ranges: [] }])(
  "checkDhcpServer has nothing against %j, and makeScope takes it",
  (server) => {
    expect(checkDhcpServer({ ...webServer, ...server }, web)).toEqual([]);
    expect(() => makeScope({ ...webServer, ...server }, web)).not.toThrow();
  },
);

const range = (first: string, last: string) => [{ first: `192.168.${first}`, last: `192.168.${last}` }];
const binding = (text: string) => ({ ip: `192.168.100.${text}`, mac: "02:00:00:00:00:01" });

test.each<{ server: Partial<DhcpServer>; flaws: string[]; gateway?: string }>([
  { server: { address: "192.168.101.1" }, flaws: ["address: is no host address of the segment"] },
  { server: { address: "192.168.100.255" }, flaws: ["address: is no host address of the segment"] },
  {
    gateway: "192.168.100.1/31",
    server: { ranges: [] },
    flaws: ["segment: the segment's prefix is /31; a DHCP server needs /30 or wider"],
  },
  {
    server: { ranges: range("99.255", "100.0") },
    flaws: [
      "ranges[0].first: is outside the segment's subnet",
      "ranges[0]: contains 192.168.100.0, the segment's network address",
    ],
  },
  {
    server: { ranges: range("100.250", "101.3") },
    flaws: [
      "ranges[0].last: is outside the segment's subnet",
      "ranges[0]: contains 192.168.100.255, the segment's broadcast address",
    ],
  },
  { server: { ranges: range("100.20", "100.19") }, flaws: ["ranges[0].last: comes before first"] },
  { server: { ranges: range("100.1", "100.9") }, flaws: ["ranges[0]: contains 192.168.100.1, the segment's gateway"] },
  {
    server: { address: "192.168.100.5", ranges: range("100.2", "100.9") },
    flaws: ["ranges[0]: contains 192.168.100.5, the server's own address"],
  },
  {
    server: { ranges: [...range("100.10", "100.20"), ...range("100.20", "100.30")] },
    flaws: ["ranges[1]: overlaps ranges[0]"],
  },
  {
    gateway: "192.168.100.1/8",
    server: { ranges: [{ first: "192.10.0.0", last: "192.11.0.0" }] },
    flaws: ["ranges[0].last: makes more than 65536 addresses"],
  },
  { gateway: "192.168.100.1/8", server: { ranges: [{ first: "192.10.0.0", last: "192.10.255.255" }] }, flaws: [] },
  {
    server: { bindings: [binding("12")] },
    flaws: ["bindings[0].ip: lies in ranges[0]; fixed addresses stand outside the ranges"],
  },
  { server: { bindings: [binding("0")] }, flaws: ["bindings[0].ip: is no host address of the segment"] },
  { server: { bindings: [binding("1")] }, flaws: ["bindings[0].ip: is the gateway's or the server's own address"] },
  { server: { bindings: [{ ip: "192.168.100.50" }] }, flaws: ["bindings[0]: needs mac, clientId, or both"] },
  {
    server: { bindings: [binding("50"), { ip: "192.168.100.50", clientId: "0102" }] },
    flaws: ["bindings[1].ip: has the address of bindings[0]"],
  },
  {
    server: { bindings: [binding("50"), { ip: "192.168.100.51", mac: "02:00:00:00:00:01" }] },
    flaws: ["bindings[1]: names the same client as bindings[0]"],
  },
  {
    server: {
      bindings: [
        { ip: "192.168.100.50", clientId: "0aBC" },
        { ip: "192.168.100.51", clientId: "0AbC" },
      ],
    },
    flaws: ["bindings[1]: names the same client as bindings[0]"],
  },
  { server: { renewSeconds: 525 }, flaws: ["renewSeconds: must be less than rebindSeconds, 525"] },
  { server: { rebindSeconds: 600 }, flaws: ["rebindSeconds: must be less than leaseSeconds, 600"] },
  {
    server: {
      options: {
        raw: [
          { code: 51, hex: "" },
          { code: 82, hex: "" },
        ],
      },
    },
    flaws: ["options.raw[0].code: is the protocol's own", "options.raw[1].code: is the protocol's own"],
  },
  {
    server: {
      options: {
        dns: ["192.0.2.53"],
        raw: [
          { code: 6, hex: "" },
          { code: 224, hex: "" },
          { code: 224, hex: "" },
        ],
      },
    },
    flaws: ["options.raw[0].code: says again what dns says", "options.raw[2].code: says again what raw[1] says"],
  },
])("checkDhcpServer finds $flaws", ({ server, flaws, gateway = web.gateway }) => {
  const found = checkDhcpServer({ ...webServer, ...server }, { ...web, gateway });
  expect(found.map(({ field, why }) => formatFlaw({ field, why, value: undefined }))).toEqual(flaws);
});

test("checkDhcpServer finds option values that cannot be sent, with field and value", () => {
  const options = { searchDomains: ["a..b"] };
  const bindings = [{ ip: "192.168.100.50", mac: "02:00:00:00:00:01", options }];
  expect(checkDhcpServer({ ...webServer, options, bindings }, web)).toMatchObject([
    { field: "options.searchDomains", value: ["a..b"] },
    { field: "bindings[0].options.searchDomains", value: ["a..b"] },
  ]);
});
