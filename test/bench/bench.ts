import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/base/error.ts";
import { apply } from "./apply.ts";
import { ccp } from "./ccp.ts";
import { chartSvg } from "./chart.ts";
import { controlPlane } from "./control-plane/control-plane.ts";
import { fastPath, peers, slowPath } from "./datapath.ts";
import { dhcp } from "./dhcp.ts";
import type { BenchOptions } from "./options.ts";
import { works } from "./path-cells.ts";
import { type Findings, jsonText, type Report, tableText } from "./report.ts";
import { Undo } from "./undo.ts";

/** Of secondary addresses: entries.ts's 10.10.64.0/18. */
const MOST_ENTRIES = 16_000;

type Bench = (options: BenchOptions, undo: Undo) => Promise<Findings>;

const benches: Readonly<Record<string, { readonly does: string; readonly run: Bench }>> = {
  "fast-path": { does: "gateway CPU, latency and connections, against each peer", run: fastPath },
  "slow-path": { does: "the same with the flow cache off, against kernel VXLAN + nftables maps", run: slowPath },
  "control-plane": {
    does: "a gateway's relay to thousands of agents: memory, delays, all of them at once",
    run: controlPlane,
  },
  apply: { does: "time to effect of 10,000 endpoints and Elastic IPs, and of one more", run: apply },
  ccp: { does: "policy to runtime state: all of it, and one changed tag among 100,000 endpoints", run: ccp },
  dhcp: { does: "DHCP exchanges a second without a drop, against Kea", run: dhcp },
};

const help = `npm run bench -- [NAME...] [--rounds N] [--quick] [--json FILE] [--svg FILE]

${Object.entries(benches)
  .map(([name, { does }]) => `  ${name.padEnd(13)} ${does}`)
  .join("\n")}

  --rounds N    repetitions of each comparison (default 5)
  --sizes N,…   endpoints, Elastic IPs and flows of a gateway (default 10,1000,10000)
  --peers X,…   only against these: ${Object.keys(peers).join(", ")}
  --cells X,…   only this work: ${Object.keys(works).join(", ")}
  --cores N     CPUs of the gateway in fast-path and slow-path: 1 (default), or 2, one for each port; 2 need 3 CPUs
  --quick       two short ones: shows that it works, not what to quote
  --json FILE   writes the figures there too
  --svg FILE    draws the ratios there
  --help        this

Without a NAME, all of them. Needs root and two CPUs that nothing else uses. Progress goes to standard error, the
table to standard output. All network namespaces made here (bench-…) are removed again, also on Ctrl-C.`;

const undo = new Undo();
let interrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    process.stderr.write("\ntaking everything down again\n");
    void undo.all().finally(() => process.exit(130));
  });
}

// Whoever read the output may have left (a pipe to head): that is no reason to leave things behind.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

try {
  process.exitCode = await main();
} catch (error) {
  if (!interrupted) process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = 1;
} finally {
  await undo.all();
}
if (!interrupted) process.exit();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      sizes: { type: "string", default: "10,1000,10000" },
      peers: { type: "string", default: Object.keys(peers).join(",") },
      cells: { type: "string", default: Object.keys(works).join(",") },
      cores: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      svg: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const names = oneOf("bench", (positionals.length > 0 ? positionals : Object.keys(benches)).join(","), benches);
  requireMachine();
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a number from 1");
  const sizes = values.sizes.split(",").map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= MOST_ENTRIES))
    throw new Error(`--sizes takes numbers from 1 to ${MOST_ENTRIES}, with commas between`);
  const cores = Number(values.cores);
  if (cores !== 1 && cores !== 2) throw new Error("--cores takes 1 or 2");
  const chosen = { peers: oneOf("peer", values.peers, peers), works: oneOf("cell", values.cells, works) };
  const report = await runAll(names, { rounds, sizes, ...chosen, cores, quick: values.quick, progress });
  process.stdout.write(`${tableText(report)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, jsonText(report));
  if (values.svg !== undefined) writeFileSync(values.svg, chartSvg(report));
  return 0;
}

/** @throws Error naming what there is none of */
function oneOf(what: string, list: string, known: Readonly<Record<string, unknown>>): string[] {
  const names = list.split(",");
  const unknown = names.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new Error(`no ${what} is called ${unknown}; there are ${Object.keys(known).join(", ")}`);
  return names;
}

async function runAll(names: readonly string[], options: BenchOptions): Promise<Report> {
  const found: Findings[] = [];
  for (const name of names) {
    const bench = benches[name];
    if (bench) found.push(await bench.run(options, undo));
    await undo.all();
  }
  const quick = options.quick ? ["Quick figures: to see that it works, not to quote."] : [];
  return {
    machine: machine(),
    cells: found.flatMap((f) => f.cells),
    notes: [...new Set([...quick, ...found.flatMap((f) => f.notes)])],
  };
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function requireMachine(): void {
  if (process.getuid?.() !== 0) throw new Error("run as root: it makes network namespaces");
  if (cpus().length < 2) throw new Error("two CPUs are needed: one for the gateway, one for the load");
}

function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
}
