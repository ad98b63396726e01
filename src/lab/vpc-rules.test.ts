import { expect, test } from "vitest";
import { topology } from "./topology.ts";
import { vpcRules } from "./vpc-rules.ts";

test("vpcRules of the laboratory read as an administrator would write them", () => {
  expect(vpcRules(topology)).toMatchInlineSnapshot(`
    "table bridge vpc {
      set ports { type ifname; elements = { "pcg-a-up", "pcg-a-down", "pcg-a-mgmt", "vm-1", "vm-2", "host", "mgr" }; }
      set checked { type ifname; elements = { "vm-1", "vm-2", "host", "mgr" }; }
      set macs { type ifname . ether_addr; elements = { "pcg-a-up" . 02:ec:0a:63:01:0a, "pcg-a-down" . 02:ec:0a:63:03:2c, "pcg-a-mgmt" . 02:ec:0a:63:02:0a, "vm-1" . 02:ec:0a:63:03:f8, "vm-2" . 02:ec:0a:63:03:fb, "host" . 02:ec:0a:63:04:0a, "mgr" . 02:ec:0a:63:fa:0a }; }
      set owned { type ifname . ipv4_addr; elements = { "pcg-a-up" . 10.99.1.10, "pcg-a-up" . 10.99.1.20, "pcg-a-up" . 10.99.1.21, "pcg-a-down" . 10.99.3.44, "pcg-a-mgmt" . 10.99.2.10, "vm-1" . 10.99.3.248, "vm-2" . 10.99.3.251, "host" . 10.99.4.10, "mgr" . 10.99.250.10 }; }
      counter spoofed_mac { }
      counter arp_announcement { }
      counter multicast { }
      counter source_check { }
      counter dest_check { }
      chain from_interface {
        type filter hook prerouting priority filter; policy accept;
        iifname != @ports accept
        iifname . ether saddr != @macs counter name spoofed_mac drop
        ether type arp iifname . arp daddr ip @owned counter name arp_announcement drop
        ether type arp iifname . arp saddr ip != @owned counter name arp_announcement drop
        ether type arp accept
        ether type ip udp sport 68 udp dport 67 accept
        ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 counter name multicast drop
        ether type ip iifname @checked iifname . ip saddr != @owned counter name source_check drop
      }
      chain to_interface {
        type filter hook postrouting priority filter; policy accept;
        ether type ip oifname @checked oifname . ip daddr != @owned counter name dest_check drop
      }
    }
    table ip igw {
      map inwards { type ipv4_addr : ipv4_addr; elements = { 203.0.113.10 : 10.99.1.20, 203.0.113.11 : 10.99.1.21 }; }
      map outwards { type ipv4_addr : ipv4_addr; elements = { 10.99.1.20 : 203.0.113.10, 10.99.1.21 : 203.0.113.11 }; }
      counter unmapped_destination { }
      counter unmapped_source { }
      chain from_internet {
        type filter hook prerouting priority raw; policy accept;
        iifname != "internet0" accept
        ip daddr set ip daddr map @inwards accept
        counter name unmapped_destination drop
      }
      chain to_internet {
        type filter hook postrouting priority srcnat; policy accept;
        oifname != "internet0" accept
        ip saddr 198.51.100.1 accept
        ip saddr set ip saddr map @outwards accept
        counter name unmapped_source drop
      }
    }
    "
  `);
});

test("vpcRules without Elastic IPs have empty maps, which nft can read", () => {
  expect(vpcRules({ ...topology, elasticIps: [] })).not.toContain("elements = {  }");
});
