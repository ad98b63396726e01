import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { sets } from "../../src/datapath/names.ts";
import { kernelObjects } from "../../src/datapath/pipeline.ts";
import { nftScript } from "../../src/kernel/nft-script.ts";
import type { DesiredState } from "../../src/model/desired.ts";
import type { KernelObject } from "../../src/model/kernel-object.ts";
import { Reconciler } from "../../src/reconcile/reconciler.ts";
import { ownUnit } from "../unit-fixture.ts";
import { type Entry, entriesOf, entryOf, wishOf } from "./entries.ts";
import { LOAD_CPU } from "./gateway-cpu.ts";
import { forwards, membershipProbe, untilEffect } from "./kernel-effect.ts";
import { BenchNamespace } from "./namespace.ts";
import type { BenchOptions } from "./options.ts";
import { type OurGateway, realize, startOurGateway } from "./our-gateway.ts";
import { type Cell, type Findings, loneCell, pairedCell, summaryCell } from "./report.ts";
import { median, quantile, type Side, turns } from "./statistics.ts";
import { buildTopology, type Topology } from "./topology.ts";
import type { Undo } from "./undo.ts";

const SIZE = 10_000;
/** Single changes measured, as a 99th percentile needs some. */
const SINGLES = 60;
const PEER = "nft -f, spawned, as many elements";

const notes = [
  "apply: ms from the wish, or from the new file, until the kernel has it. Cold: until forwarding is on, which is done",
  "  last, when everything else has been read back. One: an endpoint with its Elastic IP on top of 10,000. The peer is a",
  "  spawned nft -f that adds as many set elements; it checks no wish, plans nothing, reads nothing back, has no eBPF.",
  "  apply-*-yaml, -json: from writing the desired-state file to the effect through pcgd, which looks for a new one five",
  "  times a second, reads it whole and checks it.",
];

/** How long a wish takes to become true. */
export async function apply(options: BenchOptions, undo: Undo): Promise<Findings> {
  const topology = buildTopology("apply", "geneve", undo);
  const gateway = await startOurGateway(topology, undo);
  const peer = new Peer(new BenchNamespace("apply-peer", undo), gateway.paths.dir);
  const cells = [
    await cold(gateway, peer, options),
    ...(await oneMore(gateway, peer, options)),
    ...(await throughFile(topology, gateway, "yaml", options)),
    ...(await throughFile(topology, gateway, "json", options)),
  ];
  return { cells, notes };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function cold(gateway: OurGateway, peer: Peer, { rounds, quick, progress }: BenchOptions): Promise<Cell> {
  const wish = wishOf(entriesOf(SIZE));
  const elements = nftElements(kernelObjects(wish, gateway.unit));
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  const once: Record<Side, () => Promise<number>> = {
    ours: async () => {
      await realize(gateway, []);
      return await timed(() => realize(gateway, kernelObjects(wish, gateway.unit)));
    },
    peer: () => peer.fill(elements),
  };
  for (const side of turns(quick ? 1 : Math.min(rounds, 5))) {
    const ms = await once[side]();
    progress(`apply-cold-${SIZE} ${side}: ${ms.toFixed(0)} ms`);
    found[side].push(ms);
  }
  const pairs = found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN }));
  return pairedCell({ name: `apply-cold-${SIZE}`, unit: "ms", peerName: PEER, better: "less" }, pairs);
}

/** The wish grows by one, over and over: what pcgd does when a change reaches it in memory. */
async function oneMore(gateway: OurGateway, peer: Peer, { progress }: BenchOptions): Promise<Cell[]> {
  const reconciler = new Reconciler(gateway.door, systemClock, { info() {}, warn() {}, error() {} });
  const found: Record<Side, number[]> = { ours: [], peer: [] };
  try {
    await reconciler.wish(0, kernelObjects(wishOf(entriesOf(SIZE)), gateway.unit));
    for (const side of turns(SINGLES)) {
      const n = found[side].length + 1;
      const wish = wishOf(entriesOf(SIZE + n), n);
      const alone = wishOf([entryOf(SIZE + n - 1)]);
      if (side === "peer") found.peer.push(await peer.add(newElements(kernelObjects(alone, gateway.unit))));
      else found.ours.push(await timed(() => reconciler.wish(n, kernelObjects(wish, gateway.unit))));
    }
    if (reconciler.report().realized !== SINGLES) throw new Error(`not realized: ${reconciler.report().lastError}`);
    const isLast = membershipProbe(gateway.paths.bpffs);
    if (!isLast(entryOf(SIZE + SINGLES - 1))) throw new Error("the last entry is not in the kernel");
  } finally {
    reconciler.stop();
  }
  progress(`apply-one-${SIZE}: ${median(found.ours).toFixed(1)} ms, peer ${median(found.peer).toFixed(1)} ms`);
  const about = (name: string) => ({ name, unit: "ms", peerName: PEER, better: "less" as const });
  const p99 = (side: Side) => quantile(found[side], 0.99);
  return [
    pairedCell(
      about(`apply-one-${SIZE}`),
      found.ours.map((ours, n) => ({ ours, peer: found.peer[n] ?? Number.NaN })),
    ),
    summaryCell(about(`apply-one-p99-${SIZE}`), { ours: p99("ours"), peer: p99("peer") }, SINGLES),
  ];
}

/** How an operator may write the wish down. */
const formats = { yaml: (wish: DesiredState) => stringify(wish), json: (wish: DesiredState) => JSON.stringify(wish) };

/** From the operator's file to the effect, through the real pcgd. */
async function throughFile(
  { gateway: namespace }: Topology,
  gateway: OurGateway,
  format: keyof typeof formats,
  { quick, progress }: BenchOptions,
): Promise<Cell[]> {
  await realize(gateway, []);
  const write = (entries: readonly Entry[], generation: number) => {
    const draft = `${gateway.paths.desired}.draft`;
    writeFileSync(draft, formats[format](wishOf(entries, generation)));
    const start = performance.now();
    renameSync(draft, gateway.paths.desired);
    return start;
  };
  write([], 1);
  const daemon = gateway.startPcgd();
  await untilEffect("pcgd forwards", () => forwards(namespace), performance.now()).catch((error) => {
    throw new Error(`pcgd: ${daemon.said()}`, { cause: error });
  });
  const isMember = membershipProbe(gateway.paths.bpffs);
  const entries = entriesOf(SIZE);
  const coldMs = await untilEffect("10,000 entries", () => isMember(entryOf(SIZE - 1)), write(entries, 2));
  progress(`apply-cold-${format}-${SIZE}: ${coldMs.toFixed(0)} ms`);
  const singles: number[] = [];
  for (let n = 1; n <= (quick ? 2 : 10); n++) {
    const last = entryOf(SIZE + n - 1);
    entries.push(last);
    singles.push(await untilEffect("one more", () => isMember(last), write(entries, 2 + n)));
    progress(`apply-one-${format}-${SIZE}: ${singles.at(-1)?.toFixed(0)} ms`);
  }
  await daemon.stop();
  return [
    loneCell(`apply-cold-${format}-${SIZE}`, "ms", coldMs, 1),
    loneCell(`apply-one-${format}-${SIZE}`, "ms", median(singles), singles.length),
  ];
}

/** What one entry adds: elements of sets that are there already. */
const newElements = (objects: readonly KernelObject[]) =>
  objects.filter((o) => o.kind === "nft-element" && o.set !== sets.segments && o.set !== sets.gateways);

/** Sets and what is in them. */
const nftElements = (objects: readonly KernelObject[]) =>
  objects.filter((o) => o.kind === "nft-set" || o.kind === "nft-element");

/** What a script with `nft` does: a file of elements, a process, a transaction. */
class Peer {
  readonly #namespace: BenchNamespace;
  readonly #file: string;

  constructor(namespace: BenchNamespace, dir: string) {
    this.#namespace = namespace;
    this.#file = join(dir, "peer.nft");
  }

  /** All of them into an empty table. */
  fill(objects: readonly KernelObject[]): Promise<number> {
    this.#namespace.run("nft flush ruleset");
    return this.add(objects);
  }

  async add(objects: readonly KernelObject[]): Promise<number> {
    writeFileSync(
      this.#file,
      nftScript(
        objects.map((object) => ({ do: "add", object })),
        ownUnit,
      ),
    );
    const start = performance.now();
    const { out, code } = await this.#namespace.finish({ argv: ["nft", "-f", this.#file], cpu: LOAD_CPU });
    if (code !== 0) throw new Error(`nft: ${out.slice(0, 300)}`);
    return performance.now() - start;
  }
}
