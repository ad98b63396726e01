import { test } from "vitest";
import { expectRefused } from "../../../../test/policy-refused.ts";

test.each([
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], overlay_id: 9096 },
    says: ["overlay_id: is the VNI of /infra/segments/web; take another, or leave it out and one is chosen (is 9096)"],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.0/24" }] },
    says: [
      "subnets[0].gateway_address: is the network's own address; give the gateway's, such as the next one (is \"192.168.7.0/24\")",
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/31" }] },
    says: [
      'subnets[0].gateway_address: leaves no address for VMs; a segment\'s prefix length is 30 at most (is "192.168.7.1/31")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.255/24" }] },
    says: ['subnets[0].gateway_address: is the broadcast address; give the gateway\'s (is "192.168.7.255/24")'],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.100.129/25" }], connectivity_path: "/infra/tier-0s/t0" },
    says: [
      'subnets[0].gateway_address: overlaps /infra/segments/web on the same Tier-0; take another network (is "192.168.100.129/25")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.0.1/16" }], connectivity_path: "/infra/tier-0s/t0" },
    says: [
      'subnets[0].gateway_address: overlaps /infra/segments/web on the same Tier-0; take another network (is "192.168.0.1/16")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "10.99.7.1/24" }], connectivity_path: "/infra/tier-0s/t0" },
    says: [
      'subnets[0].gateway_address: overlaps 10.99.0.0/16, which is underlay[0].network of /infra/tier-0s/t0; take another network (is "10.99.7.1/24")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "203.0.113.1/24" }], connectivity_path: "/infra/tier-0s/t0" },
    says: [
      'subnets[0].gateway_address: overlaps 203.0.113.11, which is address of /infra/tier-0s/t0/elastic-ips/pat; take another network (is "203.0.113.1/24")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: {
      subnets: [
        {
          gateway_address: "192.168.7.1/24",
          dhcp_ranges: [
            "192.168.7.5-192.168.7.2",
            "192.168.8.1",
            "192.168.7.1-192.168.7.9",
            "192.168.7.10-192.168.7.20",
            "192.168.7.20",
            "1.2.3",
            "192.168.7.255",
          ],
        },
      ],
    },
    says: [
      'subnets[0].dhcp_ranges[0]: ends before it begins; turn it round (is "192.168.7.5-192.168.7.2")',
      'subnets[0].dhcp_ranges[1]: is not in the segment\'s network, 192.168.7.0/24 (is "192.168.8.1")',
      'subnets[0].dhcp_ranges[2]: contains 192.168.7.1, the segment\'s gateway; leave it out (is "192.168.7.1-192.168.7.9")',
      'subnets[0].dhcp_ranges[4]: overlaps dhcp_ranges[3]; make one of them smaller (is "192.168.7.20")',
      'subnets[0].dhcp_ranges[5]: must be an address, or FIRST-LAST (is "1.2.3")',
      'subnets[0].dhcp_ranges[6]: contains 192.168.7.255, the broadcast address; leave it out (is "192.168.7.255")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: {
      subnets: [
        {
          gateway_address: "192.168.7.1/24",
          dhcp_ranges: ["192.168.7.2-192.168.7.9"],
          dhcp_config: { server_address: "192.168.7.2/24" },
        },
      ],
    },
    says: [
      'subnets[0].dhcp_ranges[0]: contains 192.168.7.2, the DHCP server\'s own; leave it out (is "192.168.7.2-192.168.7.9")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24", dhcp_config: { server_address: "192.168.8.2/24" } }] },
    says: [
      'subnets[0].dhcp_config.server_address: is not in the segment\'s network; it has to be one of 192.168.7.0/24 (is "192.168.8.2/24")',
    ],
  },
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "10.0.0.1/8", dhcp_ranges: ["10.1.0.0-10.2.0.0"] }] },
    says: ['subnets[0].dhcp_ranges[0]: is more than 65536 addresses; make it smaller (is "10.1.0.0-10.2.0.0")'],
  },
  {
    path: "/infra/segments/s",
    body: {
      subnets: [
        {
          gateway_address: "192.168.7.1/24",
          dhcp_config: {
            dns_servers: ["1.1.1.1"],
            options: {
              option121: { static_routes: [] },
              others: [
                { code: 6, values: ["1.1.1.1"] },
                { code: 54, values: ["1"] },
                { code: 43, values: ["0x1"] },
                { code: 43, values: ["0x01"] },
                { code: 121, values: ["0x01"] },
              ],
            },
          },
        },
      ],
    },
    says: [
      "subnets[0].dhcp_config.options.others[0].code: says again what subnets[0].dhcp_config.dns_servers says; leave one out (is 6)",
      "subnets[0].dhcp_config.options.others[1].code: is the protocol's own; leave it out (is 54)",
      'subnets[0].dhcp_config.options.others[2].values[0]: must be pairs of hex digits after 0x (is "0x1")',
      "subnets[0].dhcp_config.options.others[3].code: says again what subnets[0].dhcp_config.options.others[2] says; leave one out (is 43)",
      "subnets[0].dhcp_config.options.others[4].code: says again what subnets[0].dhcp_config.options.option121 says; leave one out (is 121)",
    ],
  },
  {
    path: "/infra/segments/web",
    body: { subnets: [{ gateway_address: "192.168.100.3/24" }] },
    says: [
      '/infra/segments/web/dhcp-static-binding-configs/vm-1 ip_address: is the segment\'s gateway; take another (is "192.168.100.3")',
      '/infra/segments/web/ports/vm-1 address_bindings[0].ip_address: is the segment\'s gateway; take another (is "192.168.100.3")',
      '/infra/tier-0s/t0/elastic-ips/web overlay_ip: is the segment\'s gateway; take another (is "192.168.100.3")',
    ],
  },
  {
    path: "/infra/segments/web",
    body: { subnets: [{ gateway_address: "192.168.101.1/24" }] },
    says: [
      '/infra/segments/web/dhcp-static-binding-configs/vm-1 ip_address: is not in the segment\'s network, 192.168.101.0/24 (is "192.168.100.3")',
      '/infra/segments/web/ports/vm-1 address_bindings[0].ip_address: is not in the segment\'s network, 192.168.101.0/24 (is "192.168.100.3")',
      '/infra/tier-0s/t0/elastic-ips/web overlay_ip: is in no segment of the Tier-0; create that first, or take an address of one (is "192.168.100.3")',
    ],
  },
  {
    path: "/infra/segments/web",
    body: { connectivity_path: null },
    says: [
      '/infra/tier-0s/t0/elastic-ips/web overlay_ip: is in no segment of the Tier-0; create that first, or take an address of one (is "192.168.100.3")',
    ],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: {
      attachment: { id: "vm-2" },
      address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "192.168.99.9" }],
    },
    says: ['address_bindings[0].ip_address: is not in the segment\'s network, 192.168.100.0/24 (is "192.168.99.9")'],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: {
      attachment: { id: "vm-2" },
      address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.1" }],
    },
    says: ['address_bindings[0].ip_address: is the segment\'s gateway; take another (is "192.168.100.1")'],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: {
      attachment: { id: "vm-2" },
      address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.255" }],
    },
    says: [
      'address_bindings[0].ip_address: is the broadcast address of the segment; take one below (is "192.168.100.255")',
    ],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: {
      attachment: { id: "vm-2" },
      address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.3" }],
    },
    says: [
      'address_bindings[0].ip_address: is the address of /infra/segments/web/ports/vm-1; take another (is "192.168.100.3")',
    ],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: { attachment: { id: "vm-2" }, address_bindings: [{ mac_address: "02:00:00:00:64:03" }] },
    says: [
      'address_bindings[0].mac_address: is the MAC of /infra/segments/web/ports/vm-1; one port an interface (is "02:00:00:00:64:03")',
    ],
  },
  {
    path: "/infra/segments/web/dhcp-static-binding-configs/b",
    body: { mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.150" },
    says: [
      'ip_address: lies in dhcp_ranges 192.168.100.100-192.168.100.199; fixed addresses stand outside (is "192.168.100.150")',
    ],
  },
  {
    path: "/infra/segments/web/dhcp-static-binding-configs/vm-1",
    body: { mac_address: "02:00:00:00:64:03", ip_address: "192.168.100.9" },
    says: [
      'ip_address: is not 192.168.100.3, the address of /infra/segments/web/ports/vm-1; give that one (is "192.168.100.9")',
    ],
  },
  {
    path: "/infra/segments/web/dhcp-static-binding-configs/vm-1",
    body: { mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.3" },
    says: ['ip_address: is the address of /infra/segments/web/ports/vm-1; take another (is "192.168.100.3")'],
  },
  {
    path: "/infra/segments/web/ports/vm-1",
    body: {
      attachment: { id: "vm-1" },
      address_bindings: [{ mac_address: "02:00:00:00:64:03", ip_address: "192.168.100.9" }],
    },
    says: [
      'address_bindings[0].ip_address: is not what /infra/segments/web/dhcp-static-binding-configs/vm-1 gives to its MAC; make them the same (is "192.168.100.9")',
    ],
  },
  {
    path: "/infra/segments/web/ports/vm-1",
    body: {
      attachment: { id: "vm-1" },
      address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "192.168.100.3" }],
    },
    says: [
      'address_bindings[0].ip_address: is given to another MAC by /infra/segments/web/dhcp-static-binding-configs/vm-1; take another (is "192.168.100.3")',
    ],
  },
  {
    path: "/infra/segments/web/dhcp-static-binding-configs/b",
    body: { mac_address: "02:00:00:00:64:03", ip_address: "192.168.100.3" },
    says: [
      'ip_address: is given by /infra/segments/web/dhcp-static-binding-configs/vm-1; take another (is "192.168.100.3")',
      'mac_address: is bound by /infra/segments/web/dhcp-static-binding-configs/vm-1; change that one (is "02:00:00:00:64:03")',
    ],
  },
  {
    path: "/infra/segments/web/dhcp-static-binding-configs/b",
    body: { mac_address: "02:00:00:00:64:09", ip_address: "192.168.101.3" },
    says: ['ip_address: is not in the segment\'s network, 192.168.100.0/24 (is "192.168.101.3")'],
  },
])("checks of a segment refuse: $says", expectRefused);
