import { expect, test } from "vitest";
import { author, goodWorld } from "../../../test/policy-world.ts";
import { patch } from "./edit.ts";

test.each([
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], colour: "red" },
    says: ['colour: no such field (is "red")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1" }] },
    says: ['subnets[0].gateway_address: must be an ipv4-interface such as 192.168.100.1/24 (is "192.168.7.1")'],
  },
  { path: "/infra/segments/s", body: {}, says: ["subnets: is missing: give a list"] },
  { path: "/infra/segments/s", body: [], says: ["document: must be an object"] },
  { path: "/infra/segments/s", body: { subnets: [] }, says: ["subnets: must be a list of 1, and has 0"] },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], id: "other" },
    says: ['id: must be s, as in the path, or left out (is "other")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], resource_type: "Group" },
    says: ['resource_type: must be Segment (is "Group")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], mtu: "big" },
    says: ['mtu: must be an integer, 576 to 8943 (is "big")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], connectivity_path: "/infra/tier-1s/t" },
    says: ['connectivity_path: must be a path like /infra/tier-0s/ID (is "/infra/tier-1s/t")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], colour: null },
    says: ["colour: no such field (is null)"],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], overlay_id: 0 },
    says: ["overlay_id: must be an integer, 1 to 16777215 (is 0)"],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.20", secondaries: { A: "10.99.1.20" } },
    says: ['secondaries.A: no unit has such a name; units\' names are like a or unit-1 (is "10.99.1.20")'],
  },
  {
    path: "/infra/tier-0s/t0",
    body: { pat: { elastic_ip: "203.0.113.11", ports: { a: "3000-1024" } } },
    says: ['pat.ports.a: must be a port-range such as 8000-8099 (is "3000-1024")'],
  },
  {
    path: "/infra/services/http",
    body: { service_entries: [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "ICMP" }] },
    says: ['service_entries[0].l4_protocol: must be one of TCP, UDP (is "ICMP")'],
  },
  {
    path: "/infra/services/http",
    body: { service_entries: [{ resource_type: "IPProtocol", l4_protocol: "ICMP" }] },
    says: [
      'service_entries[0].resource_type: must be one of L4PortSetServiceEntry, ICMPTypeServiceEntry (is "IPProtocol")',
    ],
  },
  {
    path: "/infra/services/http",
    body: {
      service_entries: [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["90-80"] }],
    },
    says: ['service_entries[0].destination_ports[0]: must be a port-range such as 8000-8099 (is "90-80")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "LIKE", value: "a|b" },
      ],
    },
    says: ['expression[0].operator: must be one of EQUALS, NOTEQUALS, CONTAINS, STARTSWITH, ENDSWITH (is "LIKE")'],
  },
  {
    path: "/infra/domains/default/security-policies/dfw",
    body: { scope: ["all"] },
    says: ['scope[0]: must be ANY, or a path like /infra/domains/default/groups/ID (is "all")'],
  },
  {
    path: "/infra/domains/default/security-policies/dfw",
    body: { rules: [{ id: "in", action: "ALOW" }, { id: "x" }] },
    says: [
      'rules[0].action: must be one of ALLOW, DROP, REJECT (is "ALOW")',
      "rules[1].action: is missing: give one of ALLOW, DROP, REJECT",
    ],
  },
  {
    path: "/infra/domains/default/security-policies/dfw",
    body: {
      rules: [
        { id: "x", action: "DROP" },
        { id: "x", action: "DROP" },
      ],
    },
    says: ['rules[1].id: is the id of rules[0] already (is "x")'],
  },
  {
    path: "/infra/domains/default/security-policies/dfw",
    body: { rules: [{ action: "DROP" }] },
    says: ["rules[0].id: must be an id: letters, digits, dots, dashes and underscores, 63 at most"],
  },
  {
    path: "/infra/domains/default/security-policies/dfw",
    body: { rules: {} },
    says: ["rules: must be a list of rules"],
  },
  {
    path: "/infra/domains/default/security-policies/dfw/rules/r",
    body: { action: "DROP", source_groups: ["web"], services: ["/infra/services/none"] },
    says: [
      'source_groups[0]: must be ANY, or a path like /infra/domains/default/groups/ID, or an ipv4-prefix (is "web")',
    ],
  },
  {
    path: "/infra/gateways/pcg-b",
    body: { tier0_path: "t0" },
    says: ['tier0_path: must be a path like /infra/tier-0s/ID (is "t0")'],
  },
])("patch refuses the form of $path with $says", ({ path, body, says }) => {
  const world = goodWorld();
  const before = world.all();
  const [code, ...flaws] = world.refusal(patch(path, body, author));
  expect(flaws).toEqual(says);
  expect(code).toBe("MANAGER_BAD_REQUEST");
  expect(world.all()).toEqual(before);
});
