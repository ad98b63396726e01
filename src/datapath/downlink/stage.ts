import type { DesiredState } from "../../model/desired.ts";
import type { KernelObject } from "../../model/kernel-object.ts";
import type { Segment } from "../../model/topology.ts";
import type { Unit } from "../../model/unit.ts";
import { parseIpv4 } from "../../net/ipv4.ts";
import { parseMac } from "../../net/mac.ts";
import { parseInterfaceAddress } from "../../net/prefix.ts";
import { DSCP_INHERIT } from "../bpf/layouts.ts";
import { bpfEntry, bpfProgram, PRESENT, RELAY } from "../bpf-object.ts";
import { nftBaseChain } from "../nft-object.ts";
import type { Stage } from "../stage.ts";
import { downlinkSources } from "./sources.ts";

/** Control packets a second, before the rest is dropped and counted. */
const DHCP_PER_SECOND = 20_000;
const OAM_PER_SECOND = 1_000;
/** Of one segment port, and of one tunnel endpoint: a flood of theirs leaves the rest to others. */
const DHCP_PER_PORT = 20;
const OAM_PER_TEP = 100;

export const downlink: Stage = {
  name: "downlink",
  does: "checks every tunnel packet and who sent it, and takes the inner packet out",
  objects: (want, unit) => [
    self(unit),
    ...want.teps.map((t) => bpfEntry("teps", { address: parseIpv4(t.address) }, PRESENT)),
    ...want.segments.map((s) => segment(s, want)),
    ...members(want),
    // The tunnel itself is no connection: what is inside is.
    nftBaseChain("untracked-in"),
    nftBaseChain("untracked-out"),
    ...downlinkSources(want, unit),
    bpfProgram("downlink_ingress", unit.downlink.name),
    ...(unit.flowCache ? [bpfProgram("downlink_learn", unit.downlink.name)] : []),
  ],
};

/** Packets of a new connection, of which one teaches it to the flow cache. A power of two. */
const LEARNS_ONE_IN = 4;

const self = ({ tep, geneve, routerMac, flowCache }: Unit): KernelObject =>
  bpfEntry(
    "gateway",
    { index: 0 },
    {
      tep: tep.address,
      label: tep.label,
      dhcpPerSecond: DHCP_PER_SECOND,
      oamPerSecond: OAM_PER_SECOND,
      dhcpPerPort: DHCP_PER_PORT,
      oamPerTep: OAM_PER_TEP,
      port: geneve.port,
      optionClass: geneve.optionClass,
      routerMac,
      optionType: geneve.optionType,
      fullChecksum: geneve.checksum === "full" ? 1 : 0,
      dscp: geneve.dscp === "inherit" ? DSCP_INHERIT : geneve.dscp,
      ttl: geneve.ttl,
      flowCache: flowCache ? LEARNS_ONE_IN : 0,
    },
  );

function segment({ id, vni, gateway }: Segment, { dhcp = [] }: DesiredState): KernelObject {
  const own = parseInterfaceAddress(gateway).address;
  const server = dhcp.find((d) => d.segment === id)?.address;
  return bpfEntry("segments", { vni }, { gateway: own, dhcpServer: server === undefined ? own : parseIpv4(server) });
}

function members(want: DesiredState): KernelObject[] {
  const vnis = new Map(want.segments.map((s) => [s.id, s.vni]));
  const relays = new Set((want.dhcp ?? []).flatMap((d) => (d.relays ?? []).map((ip) => `${d.segment} ${ip}`)));
  const isRelay = ({ segment, ip }: { segment: string; ip?: string }) => relays.has(`${segment} ${ip ?? ""}`);
  const entries = want.endpoints.flatMap((e) => {
    const vni = vnis.get(e.segment);
    if (vni === undefined) return [];
    const tep = parseIpv4(e.tep);
    return [
      bpfEntry("members", { vni, tep, mac: parseMac(e.mac) }, isRelay(e) ? RELAY : PRESENT),
      bpfEntry("segment_teps", { vni, tep }, PRESENT),
    ];
  });
  return [...new Map(entries.map((e) => [`${e.map}/${e.key}`, e])).values()];
}
