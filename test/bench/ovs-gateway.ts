import { readFileSync, writeFileSync } from "node:fs";
import { type Entry, net, tepsOf } from "./entries.ts";
import type { GatewayCpus } from "./gateway-cpu.ts";
import { runFile } from "./nftables-gateway.ts";
import { type OpenVswitch, startOpenVswitch } from "./open-vswitch.ts";
import { links, type Topology } from "./topology.ts";
import type { Undo } from "./undo.ts";

/** Holds the downlink; its own port has the TEP's address, which is what userspace tunnels go by. */
const UNDERLAY = "br-phy";
/** Holds the tunnel and the uplink. */
export const OVS_BRIDGE = "br-int";
const port = { downlink: 1, uplink: 1, tunnel: 2 } as const;
const ZONE = 1;
/** Of ours: the option that a far end sends, which OVS must know before it takes a packet that has it. */
const OPTION = "{class=0x0104,type=0x80,len=4}->tun_metadata0";
const RECEIVE_BUFFER = "/proc/sys/net/core/rmem_default";
const TEN_MINUTES_MS = 600_000;

export const ovsNotes = [
  "ovs: every thread of ovs-vswitchd is charged too, which runs where the ports' threads do, at nice -10 as Debian",
  "  starts it. Its ports are AF_PACKET sockets (AF_XDP takes no frame as long as the downlink's MTU) with 4 MiB to",
  "  receive into; the kernel drops its own copy at ingress. They take no aggregates, so the ports merge nothing",
  "  (gro_max_size 1) and there is no tcp-64k: userspace-tso-enable knows no tunnels. Set besides: smc-enable, max-idle",
  "  of 10 minutes, no check of TCP sequence numbers, as in the other gateways.",
];

/**
 * Open vSwitch's userspace datapath: a GENEVE port, and rules that track, translate and route. Its ports are AF_PACKET
 * sockets beside the kernel's stack.
 */
export async function configureOvs(
  topology: Topology,
  entries: readonly Entry[],
  cpus: GatewayCpus,
  undo: Undo,
): Promise<OpenVswitch> {
  const { gateway, host } = topology;
  const ovs = await startOpenVswitch(gateway, cpus.join(), undo);
  keepFromKernel(topology);
  withSocketBuffers(() => addBridges(topology, ovs));
  ovs.run(`
    ovs-appctl dpctl/ct-disable-tcp-seq-chk netdev@ovs-netdev
    ovs-ofctl add-tlv-map ${OVS_BRIDGE} '${OPTION}'
    ovs-ofctl add-flow ${UNDERLAY} in_port=${port.downlink},actions=LOCAL
    ovs-ofctl add-flow ${UNDERLAY} in_port=LOCAL,actions=output:${port.downlink}
    ovs-appctl tnl/neigh/aging 3600
    for tep in ${tepsOf(entries).join(" ")}; do ovs-appctl tnl/neigh/set ${UNDERLAY} $tep ${host.mac(links.wire)}; done`);
  runFile(ovs, `ovs-ofctl add-flows ${OVS_BRIDGE}`, rules(topology, entries));
  return ovs;
}

/** What the ports receive is OVS's alone: they have no addresses, and the kernel drops its copy at once. */
function keepFromKernel({ gateway }: Topology): void {
  for (const link of [links.uplink, links.downlink])
    gateway.run(`ip addr flush dev ${link}
      nft 'table netdev ovs { chain ${link} { type filter hook ingress device ${link} priority 0; policy drop; }; }'`);
}

/**
 * A port's socket takes its buffer from a setting of the whole machine when it is made. Debian's 208 KiB hold 49 of
 * the prepared frames, which take a page each: fewer than the 64 that the kernel brings at once.
 */
function withSocketBuffers(work: () => void): void {
  const before = readFileSync(RECEIVE_BUFFER, "utf8");
  writeFileSync(RECEIVE_BUFFER, `${4 << 20}`);
  try {
    work();
  } finally {
    writeFileSync(RECEIVE_BUFFER, before);
  }
}

function addBridges({ gateway }: Topology, ovs: OpenVswitch): void {
  ovs.run(`
    ovs-vsctl set Open_vSwitch . other_config:max-idle=${TEN_MINUTES_MS} other_config:smc-enable=true
    ovs-vsctl add-br ${UNDERLAY} -- set Bridge ${UNDERLAY} datapath_type=netdev fail_mode=secure \\
        other_config:hwaddr='"${gateway.mac(links.downlink)}"' \\
      -- add-port ${UNDERLAY} ${links.downlink} -- set Interface ${links.downlink} ofport_request=${port.downlink}
    ovs-vsctl add-br ${OVS_BRIDGE} -- set Bridge ${OVS_BRIDGE} datapath_type=netdev fail_mode=secure \\
      -- add-port ${OVS_BRIDGE} ${links.uplink} -- set Interface ${links.uplink} ofport_request=${port.uplink} \\
      -- add-port ${OVS_BRIDGE} gnv -- set Interface gnv type=geneve ofport_request=${port.tunnel} \\
        options:key=flow options:remote_ip=flow options:local_ip=${net.tep}
    ip addr add ${net.tep}/${net.downlinkLength} dev ${UNDERLAY}; ip link set ${UNDERLAY} mtu 9001 up`);
}

/**
 * A connection's first packet finds its entry's translation; every later one finds the connection, which keeps the
 * datapath's flows few: one a VM and direction, and one a TEP.
 */
function rules({ gateway, inet }: Topology, entries: readonly Entry[]): string[] {
  const from = { tunnel: `in_port=${port.tunnel},tun_id=${net.vni}`, uplink: `in_port=${port.uplink}` } as const;
  const commit = (nat: string) => `ct(commit,zone=${ZONE},nat(${nat}))`;
  const macs = (source: string, target: string) => `mod_dl_src:${source},mod_dl_dst:${target},dec_ttl`;
  const leave = `${macs(gateway.mac(links.uplink), inet.mac(links.internet))},output:${port.uplink}`;
  const router = gateway.mac(OVS_BRIDGE);
  return [
    `${from.tunnel},ip,actions=ct(zone=${ZONE},nat,table=1)`,
    `${from.uplink},ip,nw_dst=${net.secondaries},actions=ct(zone=${ZONE},nat,table=2)`,
    `table=1,ct_state=+est-inv,ip,actions=${leave}`,
    ...entries.flatMap((e) => {
      const tunnel = [`${net.vni}->tun_id`, `${e.tep}->tun_dst`, "0->tun_metadata0"].map((to) => `set_field:${to}`);
      const enter = [macs(router, e.mac), ...tunnel, `output:${port.tunnel}`].join();
      return [
        `table=1,ct_state=+new-inv,ip,nw_src=${e.ip},actions=${commit(`src=${e.secondary}`)},${leave}`,
        `table=2,ct_state=+est-inv,ip,nw_dst=${e.ip},actions=${enter}`,
        `table=2,ct_state=+new-inv,ip,nw_dst=${e.secondary},actions=${commit(`dst=${e.ip}`)},${enter}`,
      ];
    }),
  ];
}

export const ovsConnections = (ovs: OpenVswitch): number =>
  Number(/\d+/.exec(ovs.run("ovs-appctl dpctl/ct-get-nconns netdev@ovs-netdev"))?.[0]);
