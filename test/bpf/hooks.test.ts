import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OBJECT_DIR } from "../../src/datapath/bpf/build.edge.ts";
import { type Bpf, openBpf } from "../../src/kernel/bpf.edge.ts";
import { Hooks } from "../../src/kernel/bpf-hooks.edge.ts";
import { hasTcx, newLink } from "../../src/kernel/bpf-tcx.edge.ts";
import { closeFd, libbpf } from "../../src/kernel/libbpf.edge.ts";
import { type Bench, bench, sh } from "./harness.ts";

const LO = 1;
const BPF_TCX_INGRESS = 46;
const KINDS = hasTcx() ? ["links", "filters"] : ["filters"];

let t: Bench;
/** The same programs, loaded once more, with counters of their own. */
let other: Bpf;
let first: number;
let second: number;
let third: number;
beforeAll(() => {
  t = bench();
  sh("ip link set lo up");
  first = t.bpf.programFd("downlink_ingress");
  mkdirSync(join(t.directory, "other"));
  other = openBpf(join(t.directory, "other"), OBJECT_DIR);
  other.ensureLoaded();
  second = other.programFd("downlink_ingress");
  third = other.programFd("overlay_ingress");
});
afterAll(() => t.close());

const directory = () => join(t.directory, "hooks-of-a-test");
const pins = () => (existsSync(directory()) ? readdirSync(directory()) : []);
const filters = () => (sh("tc filter show dev lo ingress").match(/handle 0x1/g) ?? []).length;

/** Ids of the links' programs on loopback's ingress, in the order they run. */
function linked(): number[] {
  const ids = new Uint32Array(64);
  const count = [ids.length];
  const result = libbpf.progQuery(LO, BPF_TCX_INGRESS, 0, null, new Uint8Array(ids.buffer), count);
  return result < 0 ? [] : [...ids.slice(0, count[0])];
}

const theirPin = () => join(t.directory, "other", `programs-${other.digest}`, "uplink_ingress");

/** Packets that either program has seen. */
const seen = () =>
  [t.bpf, other].flatMap((bpf) => bpf.counters("passes")).reduce((sum, { packets }) => sum + packets, 0);

/** Sends so many packets through loopback, while something else is done again and again. */
async function whilePackets(count: number, step: () => void): Promise<number> {
  const pings = spawn("ping", ["-q", "-f", "-c", `${count / 2}`, "127.0.0.1"], { stdio: "ignore" });
  const over = once(pings, "exit");
  let times = 0;
  for (; pings.exitCode === null; times++) {
    step();
    await nextTurn();
  }
  await over;
  return times;
}

describe.each(KINDS)("as %s", (kind) => {
  let hooks: Hooks;
  beforeAll(() => {
    hooks = new Hooks(directory(), kind === "links");
    return () => hooks.clear();
  });

  test("attach puts a program in a place, or in another's place, and detach empties it, once and again", () => {
    expect(hooks.attached(LO, "ingress", 0)).toBeUndefined();
    hooks.attach(first, LO, "ingress", 0);
    const before = hooks.attached(LO, "ingress", 0);
    hooks.attach(second, LO, "ingress", 0);
    const after = hooks.attached(LO, "ingress", 0);
    expect(before?.id).toBeGreaterThan(0);
    expect(after?.id).not.toBe(before?.id);
    expect([before?.stale, after?.stale]).toEqual([false, false]);
    expect([hooks.attached(LO, "ingress", 1), hooks.attached(LO, "egress", 0)]).toEqual([undefined, undefined]);
    expect(filters() + linked().length).toBe(1);
    hooks.detach(LO, "ingress", 0);
    hooks.detach(LO, "ingress", 0);
    expect([hooks.attached(LO, "ingress", 0), filters() + linked().length, pins()]).toEqual([undefined, 0, []]);
  });

  test("a program takes another's place between two packets: none goes unseen", async () => {
    hooks.attach(first, LO, "ingress", 0);
    const before = seen();
    let next = second;
    const times = await whilePackets(20_000, () => {
      hooks.attach(next, LO, "ingress", 0);
      next = next === second ? first : second;
    });
    expect(times).toBeGreaterThan(10);
    expect(seen() - before).toBe(20_000);
    hooks.detach(LO, "ingress", 0);
  });

  test("an interface that is gone leaves nothing behind, and one that comes after it starts anew", () => {
    sh("ip link add d0 type veth peer name d0-peer");
    const index = Number(sh("ip -o link show d0 | cut -d: -f1"));
    hooks.attach(first, index, "ingress", 0);
    expect(hooks.attached(index, "ingress", 0)).toBeDefined();
    sh("ip link del d0");
    sh(`ip link add d1 index ${index} type veth peer name d1-peer`);
    expect(hooks.attached(index, "ingress", 0)).toBeUndefined();
    hooks.attach(second, index, "ingress", 0);
    expect(hooks.attached(index, "ingress", 0)).toBeDefined();
    sh("ip link del d1");
    hooks.prune();
    expect(pins()).toEqual([]);
  });

  test("clear takes away what is ours, and leaves what others have on the same hooks", () => {
    sh(`tc qdisc replace dev lo clsact; tc filter add dev lo ingress pref 7 bpf da object-pinned ${theirPin()}`);
    const theirs = hasTcx() ? newLink(LO, "ingress", third, 0) : undefined;
    const before = linked();
    hooks.attach(first, LO, "ingress", 0);
    hooks.attach(second, LO, "ingress", 1);
    hooks.attach(first, LO, "egress", 0);
    hooks.clear();
    expect([linked(), filters()]).toEqual([before, 1]);
    expect(hooks.all().filter((hook) => hooks.attached(...hook))).toEqual([]);
    if (theirs !== undefined) closeFd(theirs);
    sh("tc filter del dev lo ingress pref 7");
  });
});

describe.runIf(hasTcx())("where the kernel has links", () => {
  test("the first place comes before the second and before others, in whatever order they were filled", () => {
    const hooks = new Hooks(directory());
    hooks.attach(second, LO, "ingress", 1);
    const theirs = newLink(LO, "ingress", third, 0);
    hooks.attach(first, LO, "ingress", 0);
    const [at0, at1] = [hooks.attached(LO, "ingress", 0)?.id, hooks.attached(LO, "ingress", 1)?.id];
    expect([linked().at(0), linked().at(-1)]).toEqual([at0, at1]);
    closeFd(theirs);
    hooks.clear();
  });

  test("a filter of ours is stale, and attach puts a link in its place without letting a packet by", async () => {
    const [old, hooks] = [new Hooks(directory(), false), new Hooks(directory())];
    old.attach(first, LO, "ingress", 0);
    expect(hooks.attached(LO, "ingress", 0)?.stale).toBe(true);
    const before = seen();
    await whilePackets(2_000, () => hooks.attach(first, LO, "ingress", 0));
    expect(hooks.attached(LO, "ingress", 0)?.stale).toBe(false);
    expect([filters(), linked().length]).toEqual([0, 1]);
    // One that comes between the two steps is seen twice.
    expect(seen() - before).toBeGreaterThanOrEqual(2_000);
    hooks.clear();
  });

  test("a link whose pin somebody removes is gone, as is what it kept", () => {
    const hooks = new Hooks(directory());
    hooks.attach(first, LO, "ingress", 0);
    sh(`rm ${directory()}/*`);
    expect(hooks.attached(LO, "ingress", 0)).toBeUndefined();
    hooks.clear();
  });
});
