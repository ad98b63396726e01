import { sets } from "../datapath/names.ts";
import { natCounterKey } from "../datapath/nat/number.ts";
import type { Counters, Tally } from "./kernel.ts";

const NONE: Tally = { packets: 0, bytes: 0 };

interface Readings {
  readonly nft: {
    readonly named: ReadonlyMap<string, Tally>;
    readonly elements: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  };
  readonly bpf: {
    readonly drops: Readonly<Record<string, Tally>>;
    readonly passes: Readonly<Record<string, Tally>>;
    readonly flows: readonly (Tally & { readonly mark: number; readonly reply: boolean })[];
    readonly living: Counters["flows"];
  };
  readonly connections: Counters["connections"];
}

/** Joins what nftables and the eBPF programs counted. */
export function countersOf({ nft, bpf, connections }: Readings): Counters {
  const named = (start: string) =>
    Object.fromEntries(
      [...nft.named]
        .filter(([name]) => name.startsWith(start))
        .map(([name, tally]) => [name.slice(start.length), tally]),
    );
  const counted = nft.elements.get(sets.natCounters) ?? new Map<string, Tally>();
  const marks = [...new Set([...counted.keys()].map((key) => key.replace(/^\w+ \. /, "")))];
  const flows = new Map(bpf.flows.map((f) => [natCounterKey(f.reply ? "reply" : "original", f.mark), f]));
  const of = (direction: string, mark: string) =>
    add(counted.get(`${direction} . ${mark}`), flows.get(`${direction} . ${mark}`));
  return {
    drops: sum(bpf.drops, named("drop-")),
    passes: bpf.passes,
    nat: Object.fromEntries(marks.map((mark) => [mark, { original: of("original", mark), reply: of("reply", mark) }])),
    firewall: named("rule-"),
    connections,
    flows: bpf.living,
  };
}

const add = (x: Tally = NONE, y: Tally = NONE) => ({ packets: x.packets + y.packets, bytes: x.bytes + y.bytes });

/** Some reasons are counted in both places. */
function sum(a: Readonly<Record<string, Tally>>, b: Readonly<Record<string, Tally>>): Record<string, Tally> {
  const reasons = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...reasons].map((reason) => [reason, add(a[reason], b[reason])]));
}
