import { sh } from "../kernel/namespace.ts";
import { type Entry, net } from "./entries.ts";
import { forwards, runFile, translate } from "./nftables-gateway.ts";
import type { Topology } from "./topology.ts";

export const GENEVE_DEVICE = "gnv0";
const PORT = 6081;
/** 9001 less outer IPv4 20, UDP 8, GENEVE 8 and its option 8, inner Ethernet 14. */
const MTU = 8943;

/**
 * The kernel's geneve device in external mode: a route for each VM says where its tunnel ends, with the option that
 * ours sends too. NAT by nftables, established connections by its flowtable: the fastest that the kernel has.
 */
export function configureGeneve({ gateway }: Topology, entries: readonly Entry[]): void {
  gateway.batch([
    `link add ${GENEVE_DEVICE} mtu ${MTU} type geneve external dstport ${PORT}`,
    `link set dev ${GENEVE_DEVICE} up`,
    `addr add ${net.gateway}/32 dev ${GENEVE_DEVICE}`,
  ]);
  forwards(gateway, GENEVE_DEVICE);
  runFile(
    gateway,
    "ip -batch",
    entries.flatMap((e) => [
      `route add ${e.ip}/32 encap ip id ${net.vni} dst ${e.tep} geneve_opts 0104:80:00000000 dev ${GENEVE_DEVICE}`,
      `neigh replace ${e.ip} lladdr ${e.mac} dev ${GENEVE_DEVICE} nud permanent`,
    ]),
  );
  translate(gateway, { entries, device: GENEVE_DEVICE, port: PORT, flowtable: true });
}

/** Why this kernel has no such gateway, if so. */
export function noGeneve(): string | undefined {
  try {
    sh("modprobe -q -a geneve nf_flow_table_inet || true; unshare --net ip link add type geneve external");
    return undefined;
  } catch {
    return "this kernel has no geneve device; npm run guest -- --parallel npm run bench -- fast-path --peers geneve-flowtable asks Debian's";
  }
}
