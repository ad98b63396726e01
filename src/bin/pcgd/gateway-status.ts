import type { FlowStatus, NatStatus, Status } from "../../api/status.ts";
import { drops } from "../../datapath/drops.ts";
import { OVERLAY } from "../../datapath/names.ts";
import { elasticRuleId, PAT_RULE_ID } from "../../datapath/nat/elastic.ts";
import { natNumbers } from "../../datapath/nat/stage.ts";
import { type Lease, NEVER } from "../../dhcp/lease.ts";
import type { Flow } from "../../kernel/flow.ts";
import type { Counters, HostInterface, Tally } from "../../kernel/kernel.ts";
import type { DesiredState } from "../../model/desired.ts";
import { markText } from "../../model/nft/field.ts";
import type { Unit, UnitConfig } from "../../model/unit.ts";
import { formatIpv4 } from "../../net/ipv4.ts";
import type { Report } from "../../reconcile/reconciler.ts";

const NONE: Tally = { packets: 0, bytes: 0 };

export const dropRows = (counters: Counters | undefined): Status["drops"] =>
  Object.entries(drops).map(([reason, { at, says }]) => ({ reason, at, says, ...(counters?.drops[reason] ?? NONE) }));

export function interfaceRows(
  unit: Unit | undefined,
  all: readonly HostInterface[],
  counters: Counters | undefined,
): Status["interfaces"] {
  const roles = new Map<string, string>([[OVERLAY, "overlay"]]);
  for (const role of ["uplink", "downlink", "management"] as const) if (unit) roles.set(unit[role].name, role);
  return all.flatMap((i) => {
    const role = roles.get(i.name);
    if (role === undefined) return [];
    return [{ role, ...i, ...(role === "overlay" && counters ? overlayCounts(counters.passes) : {}) }];
  });
}

/** What the overlay's interface would count if it saw all that comes out of tunnels and goes into them. */
function overlayCounts(passes: Counters["passes"]): Partial<HostInterface> {
  const { decapsulated = NONE, encapsulated = NONE, flow_tunnel: tunnel = NONE } = passes;
  return {
    rxPackets: decapsulated.packets,
    rxBytes: decapsulated.bytes,
    txPackets: encapsulated.packets + tunnel.packets,
    txBytes: encapsulated.bytes + tunnel.bytes,
  };
}

/** What a kernel without the flow cache is told of. */
export const NO_FAST_PATH = "this kernel has no bpf_skb_ct_lookup (Linux 6.0, CONFIG_NF_CONNTRACK and its BTF)";

/** @param unit or why it is not known yet */
export function fastPath(
  config: UnitConfig,
  unit: Unit | string | undefined,
  counters: Counters | undefined,
): Status["fastPath"] {
  const on = typeof unit === "object" && unit.flowCache;
  return { on, why: on ? null : whyNoFastPath(config, unit), flows: counters?.flows ?? null };
}

function whyNoFastPath({ flowCache }: UnitConfig, unit: Unit | string | undefined): string {
  if (flowCache === "off") return "pcgd.yaml says flowCache: off";
  if (typeof unit === "object") return NO_FAST_PATH;
  return unit ?? "pcg-kernel was not asked yet";
}

export function flowRows(want: DesiredState | undefined, unit: string, flows: readonly Flow[]): FlowStatus[] {
  const ids = new Map([...(want ? natNumbers(want, unit) : [])].map(([id, number]) => [number, id]));
  return flows.map(({ mark, ...flow }) => ({ ...flow, translation: ids.get(mark) ?? null }));
}

export function endpointRows(
  wished: DesiredState | undefined,
  effective: DesiredState | undefined,
): Status["endpoints"] {
  const vnis = new Map(effective?.segments.map((s) => [s.id, s.vni]));
  const labels = new Map(effective?.teps.map((t) => [t.address, t.label]));
  return (effective?.endpoints ?? []).map((e, i) => ({
    segment: e.segment,
    vni: vnis.get(e.segment) ?? 0,
    mac: e.mac,
    ip: e.ip ?? null,
    tep: e.tep,
    tepLabel: labels.get(e.tep) ?? null,
    from: wished?.endpoints[i]?.ip === undefined ? "lease" : "desired",
  }));
}

export function natRows(
  want: DesiredState | undefined,
  unit: Unit | undefined,
  counters: Counters | undefined,
): NatStatus[] {
  if (!want) return [];
  const numbers = natNumbers(want, unit?.name ?? "");
  const counted = (id: string) => counters?.nat[markText(numbers.get(id) ?? 0)] ?? { original: NONE, reply: NONE };
  const elastic = want.elasticIps ?? [];
  const secondaryOf = (address: string) =>
    (unit && elastic.find((e) => e.address === address.replace(/\/32$/, ""))?.secondary[unit.name]) ?? null;
  return [
    ...(want.nat ?? []).map((r): NatStatus => {
      const to = r.translatedNetwork ?? "unchanged";
      const from = (r.action.includes("DNAT") ? r.destinationNetwork : r.sourceNetwork) ?? "any";
      return {
        id: r.id,
        action: r.action,
        from,
        to,
        secondary: secondaryOf(to) ?? secondaryOf(from),
        ...counted(r.id),
      };
    }),
    ...elastic.flatMap((e): NatStatus[] => {
      if (e.overlayIp === undefined) return [];
      const id = elasticRuleId(e.address);
      return [
        { id, action: "ELASTIC", from: e.address, to: e.overlayIp, secondary: secondaryOf(e.address), ...counted(id) },
      ];
    }),
    ...(want.pat ? [patRow(want.pat.address, secondaryOf(want.pat.address), counted(PAT_RULE_ID))] : []),
  ];
}

const patRow = (address: string, secondary: string | null, counts: { original: Tally; reply: Tally }): NatStatus => ({
  id: PAT_RULE_ID,
  action: "PAT",
  from: "segments",
  to: address,
  secondary,
  ...counts,
});

export const firewallRows = (want: DesiredState | undefined, counters: Counters | undefined): Status["firewall"] =>
  (want?.firewall ?? []).flatMap((s) =>
    s.rules.map((r) => ({ section: s.id, rule: r.id, action: r.action, ...(counters?.firewall[r.id] ?? NONE) })),
  );

export const leaseRows = (leases: readonly Lease[]): Status["dhcp"]["leases"] =>
  leases.map((l) => ({
    segment: l.segment,
    ip: formatIpv4(l.ip),
    mac: l.mac,
    hostname: l.hostname ?? null,
    state: l.state,
    starts: new Date(l.start).toISOString(),
    expires: l.expires === NEVER ? null : isoDate(l.expires),
  }));

/** A lease may end after the last day a Date can hold. */
const isoDate = (ms: number) => (ms > 8.64e15 ? null : new Date(ms).toISOString());

export function objectSummary(report: Report): Status["objects"] {
  const count = (of: (o: Report["objects"][number]) => string) =>
    Object.fromEntries([...Map.groupBy(report.objects, of)].map(([name, all]) => [name, all.length]));
  return {
    total: report.objects.length,
    byState: count((o) => o.state),
    byKind: count((o) => o.key.split("/", 1)[0] ?? ""),
    troubled: report.objects.filter((o) => o.state !== "in_sync").slice(0, 1_000),
  };
}
