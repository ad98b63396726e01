import { expect, test } from "vitest";
import { structs } from "../datapath/bpf/layouts.ts";
import { encode, layout } from "../datapath/bpf/struct.ts";
import { flowCounters } from "./flow-counters.ts";

const counted = (mark: number, reply: number, packets: bigint, bytes: bigint) =>
  [encode(structs.ruleDirection, { mark, reply }), encode(structs.counter, { packets, bytes })] as const;

/** A flow with nothing in it but these. */
function flow(mark: number, reply: number, packets: bigint, bytes: bigint) {
  const value = Buffer.alloc(layout(structs.flow).size);
  const members = new Map(layout(structs.flow).members.map((m) => [m.name, m.offset]));
  value.writeBigUInt64LE(packets, members.get("packets"));
  value.writeBigUInt64LE(bytes, members.get("bytes"));
  value.writeUInt32LE(mark, members.get("mark"));
  value.writeUInt32LE(reply, members.get("reply"));
  return [new Uint8Array(), value] as const;
}

test("what ended flows left behind and what living ones carried is one sum for each translation and direction", () => {
  const ended = [counted(7, 0, 10n, 1_000n), counted(7, 1, 3n, 300n)];
  const flows = [flow(7, 0, 2n, 200n), flow(7, 0, 1n, 64n), flow(9, 1, 5n, 500n), flow(0, 0, 99n, 9_900n)];
  expect(flowCounters(ended, flows)).toEqual([
    { mark: 7, reply: false, packets: 13, bytes: 1_264 },
    { mark: 7, reply: true, packets: 3, bytes: 300 },
    { mark: 9, reply: true, packets: 5, bytes: 500 },
  ]);
});
