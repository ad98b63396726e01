/**
 * Appends to a ledger in a process of its own, after whatever is there, and prints the number of each entry that is its
 * own. Arguments: the store, and after which number to stop.
 */
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { openLedger } from "../../src/manager/ledger/open-ledger.edge.ts";

const [spec = "", last = "Infinity"] = process.argv.slice(2);
const quiet = () => undefined;
const { ledger } = openLedger(spec, { clock: systemClock, log: { info: quiet, warn: quiet, error: quiet } });

const { snapshot, entries } = await ledger.load();
for (let seq = (entries.at(-1)?.seq ?? snapshot?.seq ?? 0) + 1; seq <= Number(last); seq++)
  if (await ledger.append({ seq, text: `${process.pid}` })) process.stdout.write(`${seq}\n`);
await ledger.close();
