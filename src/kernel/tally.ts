import type { Counters, Tally } from "./kernel.ts";

const NONE: Tally = { packets: 0, bytes: 0 };

interface Readings {
  readonly nft: {
    readonly named: ReadonlyMap<string, Tally>;
    readonly elements: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  };
  readonly bpf: { readonly drops: Readonly<Record<string, Tally>>; readonly passes: Readonly<Record<string, Tally>> };
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
  const original = nft.elements.get("nat-original") ?? new Map<string, Tally>();
  const reply = nft.elements.get("nat-reply") ?? new Map<string, Tally>();
  return {
    drops: { ...bpf.drops, ...named("drop-") },
    passes: bpf.passes,
    nat: Object.fromEntries(
      [...original].map(([mark, tally]) => [mark, { original: tally, reply: reply.get(mark) ?? NONE }]),
    ),
    firewall: named("rule-"),
    connections,
  };
}
