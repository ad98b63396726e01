import { DSCP_INHERIT, type MapValue } from "../../src/datapath/bpf/layouts.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import type { Bench } from "./harness.ts";
import { arp, ethernet, geneve, ipv4, option, tcpPacket, udp, udpPacket } from "./packets.ts";

/** A small network: this gateway, one tunnel endpoint with two NICs, one that is in another segment. */
export const net = {
  tep: "10.99.3.44",
  routerMac: "02:50:56:56:44:52",
  outerMac: "02:00:00:00:03:2c",
  vmTep: "10.99.3.248",
  vmOuterMac: "02:00:00:00:03:f8",
  otherTep: "10.99.3.251",
  vni: 9096,
  otherVni: 9100,
  gateway: "192.168.100.1",
  dhcpServer: "192.168.100.2",
  otherGateway: "192.168.99.1",
  vm: "192.168.100.3",
  vmMac: "02:00:00:00:64:03",
  /** A NIC whose address is not known yet. */
  newMac: "02:00:00:00:64:09",
  otherVm: "192.168.99.5",
  otherMac: "02:00:00:00:63:05",
  internet: "198.51.100.10",
  label: 0x0c01_2345,
} as const;

export const ours = option(0x0104, 0x80, Buffer.from([0x0c, 0x01, 0x23, 0x45]));

const present = { present: 1 };
export const address = (text: string) => ({ address: parseIpv4(text) });

export const config: MapValue<"gateway"> = {
  tep: parseIpv4(net.tep),
  label: net.label,
  dhcpPerSecond: 1_000_000_000,
  oamPerSecond: 1_000_000_000,
  dhcpPerPort: 1_000_000_000,
  oamPerTep: 1_000_000_000,
  port: 6081,
  optionClass: 0x0104,
  routerMac: parseMac(net.routerMac),
  optionType: 0x80,
  fullChecksum: 0,
  dscp: DSCP_INHERIT,
  ttl: 63,
  flowCache: 0,
};

/** Both segments; one has a DHCP server with an address of its own. */
export function putSegments(put: Bench["put"]): void {
  put("segments", { vni: net.vni }, { gateway: parseIpv4(net.gateway), dhcpServer: parseIpv4(net.dhcpServer) });
  put(
    "segments",
    { vni: net.otherVni },
    { gateway: parseIpv4(net.otherGateway), dhcpServer: parseIpv4(net.otherGateway) },
  );
}

/** Puts the network into the maps. */
export function furnish({ put }: Pick<Bench, "put">, devices: MapValue<"devices">): void {
  put("gateway", { index: 0 }, config);
  put("devices", { index: 0 }, devices);
  putSegments(put);
  const nics = [
    { vni: net.vni, tep: net.vmTep, mac: net.vmMac, ip: net.vm },
    { vni: net.vni, tep: net.vmTep, mac: net.newMac, ip: undefined },
    { vni: net.otherVni, tep: net.otherTep, mac: net.otherMac, ip: net.otherVm },
  ];
  for (const { vni, tep, mac, ip } of nics) {
    const at = { vni, tep: parseIpv4(tep) };
    put("teps", address(tep), present);
    put("segment_teps", at, present);
    put("members", { ...at, mac: parseMac(mac) }, present);
    if (ip !== undefined) put("endpoints", address(ip), { ...at, mac: parseMac(mac) });
  }
}

type Overrides = {
  outer?: Partial<Parameters<typeof ipv4>[0]>;
  udp?: Partial<Parameters<typeof udp>[0]>;
  geneve?: Partial<Parameters<typeof geneve>[0]>;
};

/** A tunnel packet from the VM's TEP around an inner frame. */
export function tunnel(inner: Uint8Array, change: Overrides = {}): Buffer {
  const [from, to] = [change.outer?.from ?? net.vmTep, change.outer?.to ?? net.tep];
  const payload = geneve({ vni: net.vni, critical: true, options: ours, ...change.geneve }, inner);
  const datagram = udp({ from, to, sport: 51_000, dport: 6081, check: 0, ...change.udp }, payload);
  return ethernet(
    { to: net.outerMac, from: net.vmOuterMac },
    ipv4({ protocol: 17, ...change.outer, from, to }, datagram),
  );
}

/** The VM's own frame to its router. */
export const fromVm = (packet: Uint8Array, change: { to?: string; from?: string; type?: number } = {}): Buffer =>
  ethernet({ to: net.routerMac, from: net.vmMac, ...change }, packet);

export const udpOut = (ip: { tos?: number } = {}) => udpPacket({ from: net.vm, to: net.internet, dport: 53, ip });
export const tcpOut = () => tcpPacket({ from: net.vm, to: net.internet });

export const BROADCAST = "ff:ff:ff:ff:ff:ff";

export const arpQuestion = (change: Partial<Parameters<typeof arp>[0]> = {}) =>
  arp({ senderMac: net.vmMac, senderIp: net.vm, targetIp: net.gateway, ...change });

/** DHCPDISCOVER-like: only addresses and ports count here. */
export const dhcp = (change: { from?: string; to?: string; dport?: number; fragment?: number } = {}) => {
  const [from, to] = [change.from ?? "0.0.0.0", change.to ?? "255.255.255.255"];
  const ip = change.fragment === undefined ? {} : { fragment: change.fragment };
  return udpPacket({ from, to, sport: 68, dport: change.dport ?? 67, ip }, Buffer.alloc(300, 1));
};
