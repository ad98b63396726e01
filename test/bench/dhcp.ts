import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { DesiredState } from "../../src/model/desired.ts";
import { type DhcpStand, dhcpNet } from "./dhcp-stand.ts";
import { entryOf, wishOf } from "./entries.ts";
import { type KeaThreads, startKea } from "./kea.ts";
import { forwards, untilEffect } from "./kernel-effect.ts";
import type { BenchOptions } from "./options.ts";
import { startOurGateway, writeTepNeighbours } from "./our-gateway.ts";
import { isClean, parsePerfdhcp } from "./perfdhcp.ts";
import { type Findings, pairedCell } from "./report.ts";
import { type Side, turns } from "./statistics.ts";
import { buildTopology, links } from "./topology.ts";
import { Undo } from "./undo.ts";

/** The server and all it needs are on CPU 0, perfdhcp is on this one. */
const CLIENT_CPU = 1;
const CLIENTS = 50_000;
const STEP = 1_000;
const MOST = 20_000;

const notes = [
  "dhcp: whole exchanges (DISCOVER, OFFER, REQUEST, ACK) a second at the highest rate, in steps of 1,000, at which not",
  "  one packet stays unanswered. pcgd: leases fsynced before they are acknowledged, packets inside GENEVE through the",
  "  gateway's eBPF and nftables. Kea 2.2: memfile, which is not synced, plain UDP on a cable of its own. perfdhcp asks",
  "  as one relay for 50,000 clients. Server on CPU 0, perfdhcp on CPU 1; Kea with two threads may use both.",
];

/** DHCP exchanges a second that all succeed: pcgd and Kea. */
export async function dhcp(options: BenchOptions, undo: Undo): Promise<Findings> {
  const kea = { "dora-kea": "debian", "dora-kea-threads": "threads" } as const satisfies Record<string, KeaThreads>;
  const cells = [];
  for (const [name, threads] of Object.entries(kea)) {
    if (options.quick && threads === "threads") continue;
    const peerName = threads === "debian" ? "Kea, one thread (Debian's default)" : "Kea, two threads";
    const rounds = await compare(name, threads, options, undo);
    cells.push(pairedCell({ name, unit: "exchanges/s", peerName, better: "more" }, rounds));
  }
  return { cells, notes };
}

async function compare(
  name: string,
  threads: KeaThreads,
  options: BenchOptions,
  undo: Undo,
): Promise<Record<Side, number>[]> {
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  for (const side of turns(options.quick ? 1 : Math.min(2, options.rounds))) {
    // Each search begins with a server that knows nobody.
    const scope = new Undo();
    undo.add(() => scope.all());
    const stand = side === "ours" ? await startOurs(scope) : startKea(threads, scope);
    found[side].push(await highestClean(stand, (text) => options.progress(`${name} ${side}: ${text}`), options.quick));
    await stand.stop();
    await scope.all();
  }
  return found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN }));
}

/** Steps up until a rate fails twice. */
async function highestClean(stand: DhcpStand, progress: (text: string) => void, quick: boolean): Promise<number> {
  const seconds = quick ? 2 : 8;
  await awaitServer(stand);
  let best = 0;
  for (let rate = STEP; rate <= MOST; rate += STEP) {
    const reached = (await attempt(stand, rate, seconds, progress)) ?? (await attempt(stand, rate, seconds, progress));
    if (reached === undefined) break;
    best = reached;
  }
  if (best === 0) throw new Error(`no rate without drops; the server says: ${stand.said().trim().slice(-500)}`);
  return best;
}

/** Exchanges a second, or undefined when one failed. */
async function attempt(
  stand: DhcpStand,
  rate: number,
  seconds: number,
  progress: (text: string) => void,
): Promise<number | undefined> {
  const result = parsePerfdhcp(await perfdhcp(stand, rate, seconds));
  const { discoverOffer, requestAck } = result;
  const clean = isClean(result, rate * seconds);
  progress(
    `${rate}/s for ${seconds} s: ${discoverOffer.drops} + ${requestAck.drops} unanswered of ${discoverOffer.sent}`,
  );
  return clean ? requestAck.received / seconds : undefined;
}

async function perfdhcp({ client, link }: DhcpStand, rate: number, seconds: number): Promise<string> {
  const { out } = await client.finish({
    argv: [
      ...(["perfdhcp", "-4", "-l", link, "-r", `${rate}`, "-R", `${CLIENTS}`, "-p", `${seconds}`] as const),
      ...["-W", "1000000", "-g", "single", dhcpNet.server],
    ],
    cpu: CLIENT_CPU,
  });
  return out;
}

/** Until the server answers a few clients. */
async function awaitServer(stand: DhcpStand): Promise<void> {
  let out = "";
  for (let attempts = 0; attempts < 30; attempts++) {
    out = await perfdhcp(stand, 20, 1);
    if (/received packets: [1-9]/.test(out.split("REQUEST-ACK")[1] ?? "")) return;
    await sleep(200);
  }
  throw new Error(`no answer from the DHCP server: ${stand.said().trim().slice(-500)}; perfdhcp: ${out.slice(-500)}`);
}

/** One segment with a DHCP server in it, and one VM, which is the relay. */
function wish(): DesiredState {
  const base = wishOf([entryOf(0)]);
  const gateway = `${dhcpNet.server}/${dhcpNet.length}`;
  return {
    ...base,
    segments: base.segments.map((s) => ({ ...s, gateway })),
    dhcp: [{ id: "bench", segment: "bench", ranges: [...dhcpNet.ranges], relays: [dhcpNet.relay] }],
  };
}

/** The real pcgd and pcg-kernel; perfdhcp is in a VM of the overlay. ARP for the gateway is asked and answered. */
async function startOurs(undo: Undo): Promise<DhcpStand> {
  const topology = buildTopology("dhcp", "geneve", undo);
  writeTepNeighbours(topology, [entryOf(0)]);
  const gateway = await startOurGateway(topology, undo);
  writeFileSync(gateway.paths.desired, stringify(wish()));
  const daemon = gateway.startPcgd();
  await untilEffect("pcgd forwards", () => forwards(topology.gateway), performance.now()).catch((error) => {
    throw new Error(`pcgd: ${daemon.said()}`, { cause: error });
  });
  return { client: topology.vm, link: links.vm, said: daemon.said, stop: () => daemon.stop("SIGTERM") };
}
