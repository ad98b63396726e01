import { sides, structs } from "../datapath/bpf/layouts.ts";
import { picker } from "../datapath/bpf/struct.ts";
import { formatIpv4, type Ipv4 } from "../net/ipv4.ts";

type Entry = readonly [key: Uint8Array, value: Uint8Array];
type Side = (typeof sides)[number];

/** What a packet shows at one end of the gateway. Addresses with their port, as 192.0.2.1:443. */
interface FlowEnd {
  readonly side: Side;
  readonly source: string;
  readonly destination: string;
}

/** One direction of a connection in the flow cache. */
export interface Flow {
  readonly protocol: "tcp" | "udp";
  readonly comes: FlowEnd;
  readonly goes: FlowEnd;
  /** The tunnel endpoint it goes to, and in which segment; null beside the tunnel. */
  readonly tep: string | null;
  readonly vni: number | null;
  /** Conntrack mark of the translation, 0: none. */
  readonly mark: number;
  /** false: the next packet goes the long way. */
  readonly current: boolean;
  readonly ageSeconds: number;
  readonly packets: number;
  readonly bytes: number;
}

/** `generation` as map flow_generation has it; `now` is CLOCK_MONOTONIC in ns, which the programs date flows by. */
export interface FlowMoment {
  readonly generation: number;
  readonly now: bigint;
}

const TCP = 6;

const pickDates = picker(structs.flow, ["generation", "until"]);
const pickKey = picker(structs.flowKey, ["source", "destination", "sport", "dport", "protocol", "side"]);
const pickFlow = picker(structs.flow, [
  "source",
  "destination",
  "sport",
  "dport",
  "side",
  "tep",
  "vni",
  "mark",
  "since",
  "packets",
  "bytes",
]);

/** Whether the programs would follow it: is_current() in lib/flow.h. */
export function isCurrent(value: Uint8Array, { generation, now }: FlowMoment): boolean {
  const dates = pickDates(value);
  return dates.generation === generation && ((Number(BigInt.asUintN(32, now >> 20n)) - dates.until) | 0) < 0;
}

/** An entry of map flows. */
export function flowOf([key, value]: Entry, moment: FlowMoment): Flow {
  const shown = pickKey(key);
  const flow = pickFlow(value);
  return {
    protocol: shown.protocol === TCP ? "tcp" : "udp",
    comes: end(shown),
    goes: end(flow),
    tep: flow.tep === 0 ? null : formatIpv4(flow.tep),
    vni: flow.tep === 0 ? null : flow.vni,
    mark: flow.mark,
    current: isCurrent(value, moment),
    ageSeconds: Math.round((Number((moment.now >> 30n) - BigInt(flow.since)) * 2 ** 30) / 1e9),
    packets: Number(flow.packets),
    bytes: Number(flow.bytes),
  };
}

const end = (t: { side: number; source: Ipv4; sport: number; destination: Ipv4; dport: number }): FlowEnd => ({
  side: sides[t.side] ?? "uplink",
  source: `${formatIpv4(t.source)}:${t.sport}`,
  destination: `${formatIpv4(t.destination)}:${t.dport}`,
});
