import { macOf, ROUTER_MAC } from "../../src/lab/topology.ts";
import { arp, ethernet, geneve, ipv4, option, tcpPacket, udp, udpPacket } from "../bpf/packets.ts";
import { address } from "./nodes.ts";

/** Frames as a VM's switch would send them, made independently of it: one change each turns them into lies. */

const VNI = 9096;
export const VM1_MAC = "02:00:00:00:64:01";
export const VM2_MAC = "02:00:00:00:64:02";
export const VM1_TEP = "10.99.3.248";
export const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** The option this gateway takes, with vm-1's label. */
export const label = option(0x0104, 0x80, Buffer.from([0, 0, 0x30, 0x18]));

export interface Changes {
  readonly outer?: Partial<Parameters<typeof ipv4>[0]>;
  readonly udp?: Partial<Parameters<typeof udp>[0]>;
  readonly geneve?: Partial<Parameters<typeof geneve>[0]>;
  /** Next hop of the outer frame. Default: the gateway itself. */
  readonly via?: string;
}

/** vm-1's tunnel packet to the gateway around an inner frame. */
export function tunnel(inner: Uint8Array, change: Changes = {}): Buffer {
  const from = change.outer?.from ?? VM1_TEP;
  const to = address.tep;
  const payload = geneve({ vni: VNI, critical: true, options: label, ...change.geneve }, inner);
  const datagram = udp({ from, to, sport: 51_000, dport: 6081, check: 0, ...change.udp }, payload);
  const packet = ipv4({ protocol: 17, ...change.outer, from, to }, datagram);
  return ethernet({ to: macOf({ address: change.via ?? to }), from: macOf({ address: from }) }, packet);
}

/** vm-1's own frame to its router. */
export const fromVm = (packet: Uint8Array, change: { to?: string; from?: string; type?: number } = {}): Buffer =>
  ethernet({ to: ROUTER_MAC, from: VM1_MAC, ...change }, packet);

/** To a port where nobody listens, on a host that answers nothing. */
export const udpOut = (change: { from?: string; to?: string; tos?: number } = {}): Buffer => {
  const { from = address.vm1, to = "198.51.100.99", tos = 0 } = change;
  return udpPacket({ from, to, dport: 53, ip: { tos } });
};

export const tcpOut = (): Buffer => tcpPacket({ from: address.vm1, to: "198.51.100.99" });

export const arpQuestion = (change: Partial<Parameters<typeof arp>[0]> = {}): Buffer =>
  arp({ senderMac: VM1_MAC, senderIp: address.vm1, targetIp: address.gateway, ...change });
