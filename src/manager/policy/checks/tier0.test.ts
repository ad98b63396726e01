import { test } from "vitest";
import { expectRefused } from "../../../../test/policy-refused.ts";

test.each([
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.10", secondaries: { a: "10.99.1.30" } },
    says: ['address: is /infra/tier-0s/t0/elastic-ips/web already; change that one (is "203.0.113.10")'],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.20", b: "10.99.1.20" } },
    says: [
      'secondaries.a: carries /infra/tier-0s/t0/elastic-ips/web already; take another secondary address (is "10.99.1.20")',
      'secondaries.b: carries /infra/tier-0s/t0/elastic-ips/web already; take another secondary address (is "10.99.1.20")',
      'secondaries.b: is the secondary address on unit a already; each unit has its own (is "10.99.1.20")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.30" }, overlay_ip: "192.168.100.3" },
    says: ['overlay_ip: has /infra/tier-0s/t0/elastic-ips/web already; one public address each (is "192.168.100.3")'],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.30" }, overlay_ip: "192.168.98.3" },
    says: [
      'overlay_ip: is in no segment of the Tier-0; create that first, or take an address of one (is "192.168.98.3")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.30" }, overlay_ip: "192.168.99.1" },
    says: ['overlay_ip: is the segment\'s gateway; take another (is "192.168.99.1")'],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/e",
    body: { address: "192.168.99.7", secondaries: { a: "10.99.1.30" } },
    says: [
      'address: overlaps the network of /infra/segments/app, and what is elsewhere cannot be on a segment; take another (is "192.168.99.7")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/pat",
    body: { overlay_ip: "192.168.99.7" },
    says: [
      '/infra/tier-0s/t0 pat.elastic_ip: stands for one overlay address already; take overlay_ip out of /infra/tier-0s/t0/elastic-ips/pat, or another (is "203.0.113.11")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/elastic-ips/pat",
    body: { address: "203.0.113.99" },
    says: [
      '/infra/tier-0s/t0 pat.elastic_ip: is not the address of an Elastic IP of this Tier-0; create that below it first (is "203.0.113.11")',
    ],
  },
  {
    path: "/infra/tier-0s/t0",
    body: { pat: { elastic_ip: "203.0.113.99", ports: { a: "1-2" } } },
    says: [
      'pat.elastic_ip: is not the address of an Elastic IP of this Tier-0; create that below it first (is "203.0.113.99")',
    ],
  },
  {
    path: "/infra/tier-0s/t0",
    body: { pat: { elastic_ip: "203.0.113.11", ports: { a: "1024-3000", b: "3000-4000" } } },
    says: ['pat.ports.b: meets the ports of unit a; give each unit its own (is "3000-4000")'],
  },
  {
    path: "/infra/tier-0s/t0",
    body: { underlay: [{ network: "192.168.96.0/20", mode: "SNAT" }] },
    says: [
      'underlay[0].network: overlaps the network of /infra/segments/web, and what is elsewhere cannot be on a segment; take another (is "192.168.96.0/20")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/static-routes/r",
    body: { network: "192.168.99.128/25" },
    says: [
      'network: overlaps the network of /infra/segments/app, and what is elsewhere cannot be on a segment; take another (is "192.168.99.128/25")',
    ],
  },
])("checks of a Tier-0 refuse: $says", expectRefused);
