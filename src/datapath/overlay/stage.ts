import type { KernelObject } from "../../model/kernel-object.ts";
import type { Segment } from "../../model/topology.ts";
import { parseIpv4 } from "../../net/ipv4.ts";
import { parseMac } from "../../net/mac.ts";
import { bpfEntry, bpfProgram } from "../bpf-object.ts";
import { overlayMtu } from "../mtu.ts";
import { GRO_MAX_BYTES, OVERLAY, OVERLAY_IN, OVERLAY_NEXT_HOP, OVERLAY_NEXT_HOP_MAC } from "../names.ts";
import type { Stage } from "../stage.ts";

export const overlay: Stage = {
  name: "overlay",
  does: "finds the tunnel endpoint of an overlay address and puts the packet into GENEVE",
  objects: (want, unit) => {
    const segments = new Map(want.segments.map((s) => [s.id, s]));
    return [
      { kind: "veth-pair", name: OVERLAY, peer: OVERLAY_IN, mac: unit.routerMac, mtu: overlayMtu(unit) },
      ...[unit.uplink, unit.downlink].map(
        ({ name }): KernelObject => ({ kind: "gro-limit", link: name, bytes: GRO_MAX_BYTES }),
      ),
      ...want.segments.map((s): KernelObject => ({ kind: "address", link: OVERLAY, address: s.gateway })),
      ...(want.segments.length > 0 ? [nextHop] : []),
      ...want.endpoints.flatMap((e): KernelObject[] =>
        e.ip === undefined ? [] : endpoint(e.ip, e, segments.get(e.segment)),
      ),
      bpfProgram("overlay_ingress", OVERLAY),
      bpfProgram("overlay_egress", OVERLAY),
      ...(unit.flowCache ? [bpfProgram("overlay_learn", OVERLAY)] : []),
    ];
  },
};

/** Linux takes it away by itself with the link's last address: fib_disable_ip(). */
const nextHop: KernelObject = {
  kind: "neighbour",
  link: OVERLAY,
  address: OVERLAY_NEXT_HOP,
  mac: OVERLAY_NEXT_HOP_MAC,
};

function endpoint(ip: string, e: { tep: string; mac: string }, segment: Segment | undefined): KernelObject[] {
  if (!segment) return [];
  const value = { tep: parseIpv4(e.tep), vni: segment.vni, mac: parseMac(e.mac) };
  return [bpfEntry("endpoints", { address: parseIpv4(ip) }, value)];
}
