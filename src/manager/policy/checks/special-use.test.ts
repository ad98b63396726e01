import { expect, test } from "vitest";
import { expectRefused } from "../../../../test/policy-refused.ts";
import { author, goodWorld } from "../../../../test/policy-world.ts";
import { patch } from "../edit.ts";

const TIER0 = "/infra/tier-0s/t0";
const NETWORK = "take a network of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10";
const ROUTE = "take a network that is somewhere, or 0.0.0.0/0 for all of them";
const HOP = "take a router's address, or leave it out for the VPC router";

test.each([
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "127.0.0.1/24" }] },
    says: [`subnets[0].gateway_address: is in 127.0.0.0/8 (loopback); ${NETWORK} (is "127.0.0.1/24")`],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "10.0.0.1/0" }] },
    says: [`subnets[0].gateway_address: overlaps 0.0.0.0/8 (this network); ${NETWORK} (is "10.0.0.1/0")`],
  },
  {
    path: "/infra/virtual-machines/vm-9",
    body: { tep_address: "224.0.0.9" },
    says: [`tep_address: is in 224.0.0.0/4 (multicast); take the machine's address in the VPC (is "224.0.0.9")`],
  },
  {
    path: `${TIER0}/elastic-ips/e`,
    body: { address: "255.255.255.255", secondaries: { a: "169.254.1.1", b: "10.99.101.30" } },
    says: [
      'address: is in 240.0.0.0/4 (reserved, and broadcast); take the public address that the cloud gave (is "255.255.255.255")',
      `secondaries.a: is in 169.254.0.0/16 (link-local); take a secondary private address of the unit's uplink (is "169.254.1.1")`,
    ],
  },
  {
    path: `${TIER0}/elastic-ips/e`,
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.30" }, overlay_ip: "127.0.0.1" },
    says: ['overlay_ip: is in no segment of the Tier-0; create that first, or take an address of one (is "127.0.0.1")'],
  },
  {
    path: `${TIER0}/elastic-ips/e`,
    body: { address: "203.0.113.20", secondaries: { a: "10.99.1.30" }, overlay_ip: "192.168.99.255" },
    says: ['overlay_ip: is the broadcast address of the segment; take one below (is "192.168.99.255")'],
  },
  {
    path: `${TIER0}/static-routes/r`,
    body: { network: "224.0.0.0/4", next_hops: [{ ip_address: "0.0.0.0" }] },
    says: [
      `network: is in 224.0.0.0/4 (multicast); ${ROUTE} (is "224.0.0.0/4")`,
      `next_hops[0].ip_address: is in 0.0.0.0/8 (this network); ${HOP} (is "0.0.0.0")`,
    ],
  },
  {
    path: TIER0,
    body: { underlay: [{ network: "169.254.169.254", mode: "SNAT", next_hop: "127.0.0.1" }] },
    says: [
      `underlay[0].network: is in 169.254.0.0/16 (link-local); ${ROUTE} (is "169.254.169.254")`,
      `underlay[0].next_hop: is in 127.0.0.0/8 (loopback); ${HOP} (is "127.0.0.1")`,
    ],
  },
  {
    path: TIER0,
    body: { pat: { elastic_ip: "127.0.0.1", ports: { a: "1-2" } } },
    says: [
      'pat.elastic_ip: is not the address of an Elastic IP of this Tier-0; create that below it first (is "127.0.0.1")',
    ],
  },
  {
    path: `${TIER0}/nat/USER/nat-rules/n`,
    body: { action: "SNAT", translated_network: "127.0.0.1" },
    says: ['translated_network: is in 127.0.0.0/8 (loopback); take addresses of VMs, or Elastic IPs (is "127.0.0.1")'],
  },
])("specialUses refuse: $says", expectRefused);

test.each([
  { path: `${TIER0}/static-routes/r`, body: { network: "0.0.0.0/1", next_hops: [{ ip_address: "100.64.0.1" }] } },
  { path: `${TIER0}/elastic-ips/e`, body: { address: "198.51.100.7", secondaries: { a: "172.16.1.30" } } },
  { path: "/infra/segments/s", body: { subnets: [{ gateway_address: "10.0.0.1/8" }] } },
])("specialUses have nothing against $path $body", ({ path, body }) => {
  const world = goodWorld();
  expect(world.refusal(patch(path, body, author))).toEqual([]);
});
