import { test } from "vitest";
import { expectRefused } from "../../../../test/policy-refused.ts";

test.each([
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: { action: "SNAT" },
    says: ["translated_network: SNAT needs it"],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: { action: "DNAT", translated_network: "192.168.99.4" },
    says: ["destination_network: DNAT needs it"],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: { action: "NO_SNAT", translated_network: "192.168.99.4" },
    says: ['translated_network: NO_SNAT translates nothing (is "192.168.99.4")'],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: {
      action: "DNAT",
      destination_network: "203.0.113.11",
      translated_network: "192.168.99.4",
      translated_ports: "8080",
    },
    says: ["service: ports need a service of TCP or UDP"],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: {
      action: "DNAT",
      destination_network: "203.0.113.11",
      translated_network: "192.168.99.4",
      translated_ports: "8080-8081",
      service: "/infra/services/http",
    },
    says: ['translated_ports: must be one port, or as many as the destination ports of the service (is "8080-8081")'],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: {
      action: "DNAT",
      destination_network: "203.0.113.11",
      translated_network: "192.168.99.4",
      service: "/infra/services/many",
    },
    says: [
      'service: has a list of ports, and a NAT rule matches one port or range; make a service with one (is "/infra/services/many")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: { action: "DNAT", destination_network: "203.0.113.11", translated_network: "192.168.99.0/24" },
    says: ['translated_network: must be as long as destination_network, or one address (is "192.168.99.0/24")'],
  },
  {
    path: "/infra/services/http",
    body: { service_entries: [{ resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4", icmp_type: 8 }] },
    says: [
      '/infra/tier-0s/t0/nat/USER/nat-rules/in service: names an ICMP type, and NAT rules match all of ICMP; leave icmp_type out (is "/infra/services/http")',
    ],
  },
])("natRules refuse: $says", expectRefused);
