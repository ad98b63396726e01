import { Compiler } from "../../src/manager/ccp/compiler.ts";
import { inventory, machine } from "../../src/manager/ccp/inventory.testing.ts";
import type { BenchOptions } from "./options.ts";
import { type Findings, loneCell } from "./report.ts";
import { median, quantile } from "./statistics.ts";

const notes = [
  "ccp: ms from a changed policy document to the difference in runtime state. Each endpoint is a VM with one interface;",
  "  each group is of the VMs with a tag of its own and named by a rule, ten rules to a policy that is enforced on some.",
];

const CHANGES = 200;
/** Unlike any step through the inventory. */
const STRIDE = 7_919;

/** How long the compiler takes. */
export async function ccp({ quick, progress }: BenchOptions): Promise<Findings> {
  const sizes = quick ? { endpoints: 10_000, groups: 100 } : { endpoints: 100_000, groups: 1_000 };
  const documents = inventory(sizes);
  const began = performance.now();
  const compiler = new Compiler(documents);
  const whole = performance.now() - began;
  progress(`ccp-whole-${sizes.endpoints}: ${whole.toFixed(0)} ms`);
  const singles = Array.from({ length: CHANGES }, (_, n) => {
    const [path, vm] = machine((n * STRIDE) % sizes.endpoints, (n * STRIDE + 1) % sizes.groups);
    documents.apply(new Map([[path, vm]]));
    const start = performance.now();
    const deltas = compiler.changed([path]);
    const ms = performance.now() - start;
    if (deltas.length !== 1) throw new Error(`${path} led to ${deltas.length} deltas`);
    return ms;
  });
  const cell = (name: string, ms: number, n: number) => loneCell(`ccp-${name}-${sizes.endpoints}`, "ms", ms, n);
  return {
    cells: [
      cell("whole", whole, 1),
      cell("one-tag", median(singles), CHANGES),
      cell("one-tag-p99", quantile(singles, 0.99), CHANGES),
    ],
    notes,
  };
}
