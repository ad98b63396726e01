import { expect, test } from "vitest";
import { checkDesired } from "./check.ts";
import { formatFlaw } from "./flaw.ts";

const tep = { address: "10.99.3.248" };
const good = {
  generation: 1,
  segments: [{ id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" }],
  teps: [tep],
  endpoints: [],
  tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }] },
};
const flaws = (change: object) => {
  const checked = checkDesired({ ...good, ...change });
  return checked.ok ? [] : checked.flaws.map(formatFlaw);
};
const segment = (gateway: string) => ({ segments: [{ id: "web", name: "web", vni: 9096, gateway }] });
const routes = (change: object) => ({ tier0: { ...good.tier0, ...change } });
const elastic = (address: string, secondary: string) => ({ elasticIps: [{ address, secondary: { a: secondary } }] });
const NETWORK = "take a network of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10";
const ROUTE = "take a network that is somewhere, or 0.0.0.0/0 for all of them";
const HOP = "take a router's address, or leave it out for the VPC router";

test.each([
  {
    change: segment("127.0.0.1/24"),
    says: `segments[0].gateway: is in 127.0.0.0/8 (loopback); ${NETWORK} (is "127.0.0.1/24")`,
  },
  {
    change: segment("169.254.7.1/24"),
    says: `segments[0].gateway: is in 169.254.0.0/16 (link-local); ${NETWORK} (is "169.254.7.1/24")`,
  },
  {
    change: segment("10.0.0.1/0"),
    says: `segments[0].gateway: overlaps 0.0.0.0/8 (this network); ${NETWORK} (is "10.0.0.1/0")`,
  },
  {
    change: segment("192.168.0.1/1"),
    says: `segments[0].gateway: overlaps 169.254.0.0/16 (link-local); ${NETWORK} (is "192.168.0.1/1")`,
  },
  {
    change: { teps: [tep, { address: "224.0.0.9" }] },
    says: `teps[1].address: is in 224.0.0.0/4 (multicast); take the machine's address in the VPC (is "224.0.0.9")`,
  },
  {
    change: elastic("255.255.255.255", "10.99.1.20"),
    says: 'elasticIps[0].address: is in 240.0.0.0/4 (reserved, and broadcast); take the public address that the cloud gave (is "255.255.255.255")',
  },
  {
    change: elastic("203.0.113.10", "127.0.0.1"),
    says: `elasticIps[0].secondary.a: is in 127.0.0.0/8 (loopback); take a secondary private address of the unit's uplink (is "127.0.0.1")`,
  },
  {
    change: routes({ uplinkRoutes: [{ prefix: "0.0.0.0/0", via: "0.0.0.0" }] }),
    says: `tier0.uplinkRoutes[0].via: is in 0.0.0.0/8 (this network); ${HOP} (is "0.0.0.0")`,
  },
  {
    change: routes({ staticRoutes: [{ prefix: "172.31.0.0/16", via: "169.254.1.1", interface: "downlink" }] }),
    says: `tier0.staticRoutes[0].via: is in 169.254.0.0/16 (link-local); ${HOP} (is "169.254.1.1")`,
  },
  {
    change: routes({ underlay: [{ prefix: "10.99.0.0/16", mode: "routed", via: "240.0.0.1" }] }),
    says: `tier0.underlay[0].via: is in 240.0.0.0/4 (reserved, and broadcast); ${HOP} (is "240.0.0.1")`,
  },
  {
    change: routes({ staticRoutes: [{ prefix: "224.0.0.0/4" }] }),
    says: `tier0.staticRoutes[0].prefix: is in 224.0.0.0/4 (multicast); ${ROUTE} (is "224.0.0.0/4")`,
  },
  {
    change: routes({ underlay: [{ prefix: "169.254.169.254", mode: "snat" }] }),
    says: `tier0.underlay[0].prefix: is in 169.254.0.0/16 (link-local); ${ROUTE} (is "169.254.169.254")`,
  },
  {
    change: { nat: [{ id: "r", action: "SNAT", translatedNetwork: "127.0.0.1" }] },
    says: 'nat[0].translatedNetwork: is in 127.0.0.0/8 (loopback); take addresses of VMs, or Elastic IPs (is "127.0.0.1")',
  },
])("addressFlaws refuse: $says", ({ change, says }) => {
  expect(flaws(change)).toEqual([says]);
});

test("addressFlaws are none of documentation, private and shared addresses, nor of a default route in halves", () => {
  const segments = ["10.1.0.1/16", "172.16.0.1/24", "192.168.0.1/16", "100.64.0.1/10", "198.51.100.1/24"];
  expect(
    flaws({
      segments: segments.map((gateway, i) => ({ id: `s${i}`, name: "s", vni: i + 1, gateway })),
      ...elastic("203.0.113.10", "10.99.1.20"),
    }),
  ).toEqual([]);
  expect(
    flaws({ ...routes({ uplinkRoutes: [{ prefix: "0.0.0.0/1" }, { prefix: "128.0.0.0/1" }] }), segments: [] }),
  ).toEqual([]);
});
