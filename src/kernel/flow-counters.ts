import { structs } from "../datapath/bpf/layouts.ts";
import { picker } from "../datapath/bpf/struct.ts";
import type { Tally } from "./kernel.ts";

type Entry = readonly [key: Uint8Array, value: Uint8Array];

const pickRule = picker(structs.ruleDirection, ["mark", "reply"]);
const pickCounter = picker(structs.counter, ["packets", "bytes"]);
const pickFlow = picker(structs.flow, ["mark", "reply", "packets", "bytes"]);

/** What the fast path carried for one translation in one direction. */
export interface FlowCounter extends Tally {
  readonly mark: number;
  readonly reply: boolean;
}

/** Sums what flows that ended have left behind (map flow_counters) and what those in the cache carried so far. */
export function flowCounters(ended: readonly Entry[], flows: readonly Entry[]): FlowCounter[] {
  const sums = new Map<string, FlowCounter>();
  const add = (mark: number, reply: boolean, packets: bigint, bytes: bigint) => {
    const key = `${mark} ${reply}`;
    const before = sums.get(key) ?? { mark, reply, packets: 0, bytes: 0 };
    sums.set(key, {
      mark,
      reply,
      packets: before.packets + Number(packets),
      bytes: before.bytes + Number(bytes),
    });
  };
  for (const [key, value] of ended) {
    const { mark, reply } = pickRule(key);
    const { packets, bytes } = pickCounter(value);
    add(mark, reply !== 0, packets, bytes);
  }
  for (const [, value] of flows) {
    const { mark, reply, packets, bytes } = pickFlow(value);
    if (mark !== 0) add(mark, reply !== 0, packets, bytes);
  }
  return [...sums.values()];
}
