import type { FlowStatus } from "./status.ts";
import { table } from "./table.ts";

/** The flow cache as a person reads it: as packets come, as they leave, and what went by. */
export function flowsText(all: readonly FlowStatus[]): string {
  if (all.length === 0) return "no flows: every packet takes the slow path now";
  return table(
    all.map((f) => [
      f.protocol,
      f.comes.side,
      `${f.comes.source} → ${f.comes.destination}`,
      "leaves",
      f.goes.side,
      `${f.goes.source} → ${f.goes.destination}`,
      f.tep === null ? "" : `to ${f.tep}, vni ${f.vni}`,
      f.translation ?? "not translated",
      f.ageSeconds,
      "s",
      f.packets,
      "packets",
      f.bytes,
      "bytes",
      f.current ? "" : "ended",
    ]),
  );
}

/** Those that an address has a part in, on either side of the gateway; those that carried most first. */
export function flowsOf(all: readonly FlowStatus[], address: string | undefined): FlowStatus[] {
  const has = ({ comes, goes, tep }: FlowStatus) =>
    tep === address ||
    [comes.source, comes.destination, goes.source, goes.destination].some((end) => end.startsWith(`${address}:`));
  return all.filter((f) => address === undefined || has(f)).sort((a, b) => b.bytes - a.bytes);
}
