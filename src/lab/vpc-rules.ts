import { addressesOf, allEnis, associationOf, internetRouter, macOf, type Topology } from "./topology.ts";

/** The VPC's end of the cable to the Internet. */
export const INTERNET_PORT = "internet0";

/**
 * What the VPC does to packets, as nftables text.
 *
 * Table `bridge vpc` is the wire between interfaces: unicast only, each interface with its own MAC, and source and
 * destination check where EC2 has it on. Addresses are never learnt: an ARP that announces (one asking for an address
 * of its own interface) or that speaks for another interface goes nowhere.
 *
 * Table `ip igw` is the Internet gateway: Elastic IP and private address 1:1, without state, headers inside ICMP
 * errors left alone. What has no mapping is dropped.
 */
export function vpcRules(topology: Topology): string {
  const enis = allEnis(topology);
  const checked = enis.filter(({ eni }) => eni.sourceDestCheck);
  const owned = enis.flatMap(({ port, eni }) => addressesOf(eni).map((address) => `"${port}" . ${address}`));
  const ports = enis.map(({ port }) => `"${port}"`);
  const eips = topology.elasticIps;
  return `table bridge vpc {
  set ports { type ifname; ${elements(ports)} }
  set checked { type ifname; ${elements(checked.map(({ port }) => `"${port}"`))} }
  set macs { type ifname . ether_addr; ${elements(enis.map(({ port, eni }) => `"${port}" . ${macOf(eni)}`))} }
  set owned { type ifname . ipv4_addr; ${elements(owned)} }
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
  map inwards { type ipv4_addr : ipv4_addr; ${elements(eips.map((e) => `${e.address} : ${associationOf(e)}`))} }
  map outwards { type ipv4_addr : ipv4_addr; ${elements(eips.map((e) => `${associationOf(e)} : ${e.address}`))} }
  counter unmapped_destination { }
  counter unmapped_source { }
  chain from_internet {
    type filter hook prerouting priority raw; policy accept;
    iifname != "${INTERNET_PORT}" accept
    ip daddr set ip daddr map @inwards accept
    counter name unmapped_destination drop
  }
  chain to_internet {
    type filter hook postrouting priority srcnat; policy accept;
    oifname != "${INTERNET_PORT}" accept
    ip saddr ${internetRouter(topology)} accept
    ip saddr set ip saddr map @outwards accept
    counter name unmapped_source drop
  }
}
`;
}

/** Nothing rather than an empty list, which nft does not read. */
const elements = (all: readonly string[]) => (all.length > 0 ? `elements = { ${all.join(", ")} };` : "");
