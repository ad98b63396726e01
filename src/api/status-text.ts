import type { Status } from "./status.ts";
import { section, table } from "./table.ts";

/** The status as a person reads it: what is wrong first, counters that are zero left out. */
export function statusText(s: Status): string {
  const blocks = [
    `unit ${s.unit}, tunnel endpoint ${s.tep ?? "not known yet"}, pcgd ${s.pid} since ${s.startedAt}`,
    "",
    ...section("desired state", desired(s)),
    ...section("agents", agents(s)),
    ...section("fast path", fastPath(s)),
    ...section("interfaces", interfaces(s)),
    ...section("endpoints", endpoints(s)),
    ...section("nat (original: from whoever opened the connection)", nat(s)),
    ...section(
      "firewall rules",
      table(s.firewall.map((r) => [r.section, r.rule, r.action, r.packets, "packets", r.bytes, "bytes"])),
    ),
    ...section("dhcp leases", leases(s)),
    ...section(
      "dhcp pools",
      table(s.dhcp.pools.map((p) => [p.segment, p.free, "free of", p.size, p.offered, "offered"])),
    ),
    ...section(
      "packets",
      table(
        Object.entries(s.passes)
          .filter(([, t]) => t.packets > 0)
          .map(([name, t]) => [name, t.packets, "packets", t.bytes, "bytes"]),
      ),
    ),
    ...section("dropped", table(s.drops.filter((d) => d.packets > 0).map((d) => [d.reason, d.packets, d.says]))),
    ...section("dhcp requests without answer", table(Object.entries(s.dhcp.dropped).filter(([, n]) => n > 0))),
  ];
  return blocks.join("\n").trimEnd();
}

function controllerText({ id, state, reports }: NonNullable<Status["controller"]>): string[] {
  const text = ({ address, connected, lost }: typeof state) =>
    `${address}: ${connected ? "connected" : `not connected${lost === null ? "" : ` (${lost})`}`}`;
  return [`controller ${id} at ${text(state)}`, ...reports.map((each) => `reports to ${text(each)}`)];
}

function certificateText({ name, until, expired, renews, lastError }: NonNullable<Status["certificate"]>): string {
  const so = expired ? `EXPIRED at ${until}` : `until ${until}${renews ? "" : ", not renewed by itself"}`;
  return `certificate of ${name ?? "nobody"}: ${so}${lastError === null ? "" : ` (not renewed: ${lastError})`}`;
}

function desired({ desired: d, controller, certificate, objects }: Status): string {
  const states = Object.entries(objects.byState)
    .map(([state, n]) => `${n} ${state}`)
    .join(", ");
  return [
    ...(controller ? controllerText(controller) : []),
    ...(certificate ? [certificateText(certificate)] : []),
    `generation wished ${d.wished ?? "none"}, realized ${d.realized ?? "none"}`,
    `kernel objects: ${states || "none"}`,
    ...(d.refused
      ? [
          `REFUSED ${d.refused.file} at ${d.refused.at}; the state before it stays:`,
          ...d.refused.flaws.map((f) => `  ${f}`),
        ]
      : []),
    ...(d.lastError ? [`ERROR ${d.lastError}`] : []),
    ...objects.troubled.slice(0, 20).map((o) => `${o.state} ${o.key}${o.message ? `: ${o.message}` : ""}`),
  ].join("\n");
}

const agents = ({ agents: a }: Status): string =>
  table(
    (a?.connected ?? []).map(({ id, current, refused }) => [id, current ? "current" : "behind", `${refused} refused`]),
  );

const fastPath = ({ fastPath: { on, why, flows }, connections }: Status): string =>
  on
    ? `on, ${flows?.now ?? 0} flows of at most ${flows?.most ?? 0} (${connections?.now ?? 0} connections)`
    : `off: ${why}`;

const interfaces = (s: Status) =>
  table(
    s.interfaces.map((i) => [
      i.role,
      i.name,
      i.up ? "up" : "down",
      `mtu ${i.mtu}`,
      i.mac,
      i.addresses.join(" "),
      "rx",
      i.rxPackets,
      "tx",
      i.txPackets,
    ]),
  );

const endpoints = (s: Status) =>
  table(
    s.endpoints.map((e) => [
      e.segment,
      `vni ${e.vni}`,
      e.mac,
      e.ip ?? "no address yet",
      `at ${e.tep}${e.tepLabel === null ? "" : ` (${e.tepLabel})`}`,
      e.from,
    ]),
  );

const nat = (s: Status) =>
  table(
    s.nat.map((n) => [
      n.id,
      n.action,
      `${n.from} → ${n.to}`,
      n.secondary ? `on ${n.secondary}` : "",
      "original",
      n.original.packets,
      "reply",
      n.reply.packets,
    ]),
  );

const leases = (s: Status) =>
  table(
    s.dhcp.leases.map((l) => [
      l.segment,
      l.ip,
      l.mac,
      l.state,
      l.expires === null ? "never ends" : `until ${l.expires}`,
      l.hostname ?? "",
    ]),
  );
