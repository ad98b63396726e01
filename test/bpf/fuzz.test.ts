import { afterAll, beforeAll, expect, test } from "vitest";
import { passes } from "../../src/datapath/bpf/passes.ts";
import { drops } from "../../src/datapath/drops.ts";
import { type Bench, bench, testRun } from "./harness.ts";
import { arpQuestion, BROADCAST, config, dhcp, fromVm, furnish, ours, tcpOut, tunnel, udpOut } from "./network.ts";
import { option } from "./packets.ts";

let t: Bench;
beforeAll(() => {
  t = bench();
  furnish(t, { uplink: 0, downlink: 1, overlay: 1, overlayIn: 1 });
});
afterAll(() => t.close());

const COUNT = 120_000;

/** Numbers that look random and are the same each time (mulberry32). */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), state | 1);
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61);
    return ((n ^ (n >>> 14)) >>> 0) % below;
  };
}

const many = Buffer.concat([option(1, 1, Buffer.alloc(8)), ours, option(2, 2, Buffer.alloc(0))]);

/** What is bent out of shape: one of each kind that is understood. */
const models = [
  tunnel(fromVm(udpOut())),
  tunnel(fromVm(tcpOut())),
  tunnel(fromVm(udpOut()), { geneve: { options: many } }),
  tunnel(fromVm(udpOut()), { outer: { options: Buffer.alloc(8, 1) } }),
  tunnel(fromVm(arpQuestion(), { to: BROADCAST, type: 0x0806 })),
  tunnel(fromVm(dhcp(), { to: BROADCAST })),
  tunnel(fromVm(udpOut()), { geneve: { control: true } }),
];

/** The kernel's test run takes no IPv4 frame below this. */
const LEAST = 34;

/** Some bytes of a model changed, most of them in its headers; sometimes cut or lengthened; sometimes only noise. */
function bent(roll: (below: number) => number): Buffer {
  const model = models[roll(models.length)] ?? Buffer.alloc(LEAST);
  if (roll(20) === 0)
    return Buffer.concat([model.subarray(0, 42), Buffer.from(Array.from({ length: roll(200) }, () => roll(256)))]);
  const length = roll(4) === 0 ? LEAST + roll(model.length) : model.length;
  const packet = Buffer.concat([model, Buffer.alloc(LEAST)]).subarray(0, length);
  const first = roll(3) === 0 ? 14 : 42;
  for (let n = 1 + roll(4); n > 0; n--) {
    const at = first + roll(Math.max(1, Math.min(packet.length, 130) - first));
    if (at < packet.length) packet[at] = roll(256);
  }
  return packet;
}

const totals = () => {
  const names = [...Object.keys(drops), ...Object.keys(passes)];
  const counts = [...t.bpf.counters("drops"), ...t.bpf.counters("passes")];
  return new Map(names.map((name, n) => [name, counts[n]?.packets ?? 0]));
};

test("downlink_ingress counts each of 120,000 malformed packets exactly once", () => {
  t.put("gateway", { index: 0 }, config);
  const roll = dice(20_261_122);
  const fd = t.bpf.programFd("downlink_ingress");
  const before = totals();
  const verdicts = new Map<string, number>();
  for (let n = 0; n < COUNT; n++) {
    const { verdict } = testRun(fd, bent(roll));
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  const moved = [...totals()].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  const sum = (kind: object) => moved.reduce((total, [name, by]) => total + (name in kind ? by : 0), 0);
  expect(sum(drops) + sum(passes)).toBe(COUNT);
  expect(sum(drops)).toBe(verdicts.get("shot"));
  expect([...verdicts.keys()].toSorted()).toEqual(["next", "redirect", "shot"]);
  const seen = moved.filter(([, by]) => by > 0).map(([name]) => name);
  expect(seen.length, "the noise reaches most reasons").toBeGreaterThan(20);
});
