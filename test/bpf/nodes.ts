import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { OBJECT_DIR } from "../../src/datapath/bpf/build.edge.ts";
import { encodeKey, encodeValue, type MapKey, type MapName, type MapValue } from "../../src/datapath/bpf/layouts.ts";
import { passes } from "../../src/datapath/bpf/passes.ts";
import { drops } from "../../src/datapath/drops.ts";
import { openBpf } from "../../src/kernel/bpf.edge.ts";
import { must } from "../../src/kernel/libbpf.edge.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { sh } from "./harness.ts";
import { address, config, putSegments } from "./network.ts";

const setns = koffi.load("libc.so.6").func("int setns(int fd, int type)") as (fd: number, type: number) => number;

/** Runs `fn` in a network namespace; this thread comes back afterwards. */
function inside<T>(netns: string, fn: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${netns}`, "r");
  must(setns(there, 0), `enter ${netns}`);
  try {
    return fn();
  } finally {
    must(setns(home, 0), "come back");
    closeSync(there);
    closeSync(home);
  }
}

interface NodeOf {
  readonly netns: string;
  readonly tep: string;
  readonly outerMac: string;
  readonly innerMac: string;
  readonly addresses: readonly string[];
  /** Overlay address → where it is behind, for sending to it and for believing it. */
  readonly peers: readonly { readonly ip: string; readonly tep: string; readonly vni: number; readonly mac: string }[];
}

const OVERLAY = 11;
const OVERLAY_IN = 12;

/**
 * A namespace with the overlay's programs at work: the gateway, and VMs too. A VM's kernel then speaks through the same
 * programs with the roles swapped; that other implementations understand them is for the laboratory to show.
 */
export function node(pins: string, bridge: string, n: NodeOf) {
  const on = `ip netns exec ${n.netns}`;
  sh(`ip netns add ${n.netns}
    ip link add ${n.netns} mtu 9001 type veth peer name down0 mtu 9001 address ${n.outerMac} netns ${n.netns}
    ip link set ${n.netns} master ${bridge} up
    ip -n ${n.netns} link set lo up
    ip -n ${n.netns} address add ${n.tep}/24 dev down0
    ip -n ${n.netns} link set down0 up
    ip -n ${n.netns} link add overlay0 index ${OVERLAY} mtu 8943 address ${n.innerMac} type veth peer name overlay0-in index ${OVERLAY_IN} mtu 8943
    ip -n ${n.netns} link set overlay0 arp off up
    ip -n ${n.netns} link set overlay0-in arp off up
    ${on} ethtool -K overlay0-in tso off
    ${on} ethtool -K overlay0 gro on
    ${on} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.send_redirects=0
    ${n.addresses.map((a) => `ip -n ${n.netns} address add ${a}/32 dev overlay0`).join("\n")}
    ip -n ${n.netns} neighbour add 169.254.1.1 lladdr 02:00:00:00:00:fe dev overlay0
    ip -n ${n.netns} route add 192.168.0.0/16 via 169.254.1.1 dev overlay0 onlink src ${n.addresses[0]}`);
  const directory = join(pins, n.netns);
  mkdirSync(directory);
  const bpf = openBpf(directory, OBJECT_DIR);
  bpf.ensureLoaded();
  const put = <M extends MapName>(map: M, key: MapKey<M>, value: MapValue<M>) =>
    bpf.update(map, [[encodeKey(map, key), encodeValue(map, value)]]);
  const configure = (change: Partial<MapValue<"gateway">>) =>
    put("gateway", { index: 0 }, { ...config, tep: parseIpv4(n.tep), routerMac: parseMac(n.innerMac), ...change });
  configure({});
  const [link] = JSON.parse(sh(`ip -n ${n.netns} -j link show down0`));
  const devices = { uplink: 0, downlink: Number(link.ifindex), overlay: OVERLAY, overlayIn: OVERLAY_IN };
  put("devices", { index: 0 }, devices);
  putSegments(put);
  for (const { ip, tep, vni, mac } of n.peers) {
    const at = { tep: parseIpv4(tep), vni, mac: parseMac(mac) };
    put("teps", address(tep), { present: 1 });
    put("segment_teps", { vni, tep: at.tep }, { present: 1 });
    put("members", at, { present: 1 });
    put("endpoints", address(ip), at);
  }
  inside(n.netns, () => {
    bpf.attach(devices.downlink, "ingress", "downlink_ingress");
    bpf.attach(devices.overlay, "egress", "overlay_egress");
  });
  const named = (map: "drops" | "passes", names: readonly string[]) => {
    const counts = bpf.counters(map).map((c, i) => [names[i] ?? "", c.packets] as const);
    return Object.fromEntries(counts.filter(([, packets]) => packets > 0));
  };
  return {
    configure,
    drops: (): Partial<Record<string, number>> => named("drops", Object.keys(drops)),
    passes: (): Partial<Record<string, number>> => named("passes", Object.keys(passes)),
    sh: (command: string) => sh(`exec ip netns exec ${n.netns} ${command}`),
  };
}
