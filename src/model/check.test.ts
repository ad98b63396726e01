import { expect, test } from "vitest";
import { checkDesired, checkUnitConfig } from "./check.ts";
import type { DesiredState } from "./desired.ts";
import { formatFlaw } from "./flaw.ts";

const good: DesiredState = {
  generation: 1,
  segments: [{ id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" }],
  teps: [{ address: "10.99.3.248" }],
  endpoints: [{ segment: "web", mac: "02:00:00:00:64:01", ip: "192.168.100.3", tep: "10.99.3.248" }],
  tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }] },
  elasticIps: [{ address: "203.0.113.11", secondary: { a: "10.99.1.21" } }],
};
const rule = { id: "r", action: "DNAT", destinationNetwork: "203.0.113.11", translatedNetwork: "192.168.100.3" };
const flaws = (change: object) => {
  const checked = checkDesired({ ...good, ...change });
  return checked.ok ? [] : checked.flaws.map(formatFlaw);
};

test("checkDesired takes a good state", () => {
  expect(flaws({})).toEqual([]);
});

test.each([
  {
    change: { elasticIps: [{ address: "203.0.113.11", secondary: { "": {} } }] },
    says: "elasticIps[0].secondary.: no such field",
  },
  { change: { colour: "red" }, says: 'colour: no such field (is "red")' },
  { change: { generation: -1 }, says: "generation: must be >= 0 (is -1)" },
  {
    change: { segments: [{ id: "web", name: "w", vni: 0, gateway: "192.168.100.1/24" }] },
    says: "segments[0].vni: must be >= 1 (is 0)",
  },
  {
    change: { segments: [{ id: "web", name: "w", vni: 1, gateway: "192.168.100.1" }] },
    says: 'segments[0].gateway: must be an address with prefix length, such as "192.168.100.1/24" (is "192.168.100.1")',
  },
  {
    change: { segments: [...good.segments, { id: "b", name: "b", vni: 9096, gateway: "192.168.1.1/24" }] },
    says: "segments[1].vni: is already taken by segments[0].vni (is 9096)",
  },
  {
    change: { segments: [...good.segments, { id: "b", name: "b", vni: 2, gateway: "192.168.100.129/25" }] },
    says: 'segments[1].gateway: overlaps segments[0] (is "192.168.100.129/25")',
  },
  {
    change: { endpoints: [{ segment: "x", mac: "02:00:00:00:64:01", tep: "10.99.3.248" }] },
    says: 'endpoints[0].segment: no such segment (is "x")',
  },
  {
    change: { endpoints: [{ segment: "web", mac: "02:00:00:00:64:01", tep: "10.99.3.1" }] },
    says: 'endpoints[0].tep: no such tep (is "10.99.3.1")',
  },
  {
    change: { endpoints: [{ ...good.endpoints[0], ip: "192.168.100.1" }] },
    says: 'endpoints[0].ip: is the gateway\'s (is "192.168.100.1")',
  },
  {
    change: { endpoints: [{ ...good.endpoints[0], ip: "192.168.7.1" }] },
    says: 'endpoints[0].ip: is not in its segment (is "192.168.7.1")',
  },
  {
    change: { nat: [{ ...rule, action: "SWAP" }] },
    says: 'nat[0].action: must be one of SNAT, DNAT, REFLEXIVE, NO_SNAT, NO_DNAT (is "SWAP")',
  },
  {
    change: { nat: [{ ...rule, protocol: "tcp", destinationPorts: 8080 }] },
    says: 'nat[0].destinationPorts: must be a text: write "8080", with the quotation marks (is 8080)',
  },
  { change: { nat: [{ ...rule, destinationPorts: "80" }] }, says: "nat[0].protocol: ports need protocol tcp or udp" },
  {
    change: { nat: [{ ...rule, translatedNetwork: undefined, id: "x" }] },
    says: "nat[0].translatedNetwork: DNAT needs it",
  },
  {
    change: { nat: [{ ...rule, protocol: "tcp", destinationPorts: "80-89", translatedPorts: "8080-8084" }] },
    says: 'nat[0].translatedPorts: must be one port, or as many as destinationPorts (is "8080-8084")',
  },
  {
    change: {
      nat: [{ ...rule, action: "REFLEXIVE", sourceNetwork: "192.168.100.0/24", translatedNetwork: "198.18.0.0/25" }],
    },
    says: 'nat[0].translatedNetwork: must be as long as sourceNetwork, or one address (is "198.18.0.0/25")',
  },
  {
    change: { pat: { address: "203.0.113.9", ports: { a: "20000-39999" } } },
    says: 'pat.address: is not one of elasticIps (is "203.0.113.9")',
  },
  {
    change: { pat: { address: "203.0.113.11", ports: { a: "20000-39999", b: "39999-40000" } } },
    says: 'pat.ports.b: meets the ports of unit a (is "39999-40000")',
  },
  {
    change: { tier0: { uplinkRoutes: [{ prefix: "10.0.0.1/8" }] } },
    says: 'tier0.uplinkRoutes[0].prefix: must be a network in CIDR form without host bits, such as "192.168.100.0/24" (is "10.0.0.1/8")',
  },
  {
    change: { elasticIps: [{ address: "203.0.113.11", secondary: {}, overlayIp: "192.168.100.1" }] },
    says: `elasticIps[0].overlayIp: is the segment's gateway; take a VM's (is "192.168.100.1")`,
  },
  {
    change: { elasticIps: [{ address: "203.0.113.11", secondary: {}, overlayIp: "192.168.100.0" }] },
    says: `elasticIps[0].overlayIp: is the network's own address; take a VM's (is "192.168.100.0")`,
  },
  {
    change: { elasticIps: [{ address: "203.0.113.11", secondary: {}, overlayIp: "192.168.100.255" }] },
    says: `elasticIps[0].overlayIp: is the network's broadcast address; take a VM's (is "192.168.100.255")`,
  },
  {
    change: { segments: [...good.segments, { id: "b", name: "b", vni: 2, gateway: "192.168.1.0/24" }] },
    says: `segments[1].gateway: is the network's own address; take one between (is "192.168.1.0/24")`,
  },
  {
    change: { segments: [...good.segments, { id: "b", name: "b", vni: 2, gateway: "192.168.1.255/24" }] },
    says: `segments[1].gateway: is the network's broadcast address; take one between (is "192.168.1.255/24")`,
  },
])("checkDesired says $says", ({ change, says }) => {
  expect(flaws(change)).toEqual([says]);
});

test("checkUnitConfig wants a controller where agents are to be told what it says", () => {
  const unit = {
    unit: "a",
    interfaces: { uplink: { name: "eth0" }, downlink: { name: "eth1" }, management: { name: "eth2" } },
    tep: { address: "10.0.0.1" },
    agents: {},
  };
  expect(checkUnitConfig(unit)).toEqual({
    ok: false,
    flaws: [{ field: "agents", value: undefined, why: "needs controller" }],
  });
  expect(checkUnitConfig({ ...unit, controller: { hosts: ["10.0.0.2", "10.0.0.3"], id: "ccp" } })).toMatchObject({
    ok: true,
  });
});

test("checkUnitConfig wants a name or a MAC for every interface", () => {
  const checked = checkUnitConfig({
    unit: "a",
    interfaces: { uplink: {}, downlink: { name: "d" }, management: { mac: "02:00:00:00:00:01" } },
    tep: { address: "10.0.0.1" },
  });
  expect(checked).toEqual({
    ok: false,
    flaws: [{ field: "interfaces.uplink", value: undefined, why: "give name or mac" }],
  });
});

test("checkUnitConfig refuses one NIC for two roles by field and value", () => {
  const checked = checkUnitConfig({
    unit: "a",
    interfaces: {
      uplink: { name: "ens5", mac: "02:00:00:00:00:0A" },
      downlink: { name: "ens5" },
      management: { mac: "02:00:00:00:00:0a" },
    },
    tep: { address: "10.0.0.1" },
  });
  const why = (field: string) => `is already interfaces.uplink.${field}; each role needs a NIC of its own`;
  expect(checked).toEqual({
    ok: false,
    flaws: [
      { field: "interfaces.downlink.name", value: "ens5", why: why("name") },
      { field: "interfaces.management.mac", value: "02:00:00:00:00:0a", why: why("mac") },
    ],
  });
});
