import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type Namespace, until } from "../kernel/namespace.ts";
import { echoes, FORWARDED, followedDuring, PORT, talk } from "./conversation.ts";
import { address, configFile, gateway, host, inet, killAndRestart, pcgd, status, vm1, vm2 } from "./nodes.ts";

const BYTES = 3_000_000;
const COUNT = 200;
/** One packet in four teaches a flow: that so many did not is a matter of a hundred millionth. */
const LUCKLESS = 64;

beforeAll(echoes);

const talkUdp = (from: Namespace, to: string, port: number, options = "") =>
  talk(from, "udp", to, port, `--count ${COUNT} ${options}`);

const ways = [
  { way: "out through an Elastic IP", from: vm1, to: address.inet, port: PORT },
  { way: "out through the shared address", from: vm2, to: address.inet, port: PORT },
  { way: "in through an Elastic IP", from: inet, to: address.eip1, port: PORT },
  { way: "in through a forwarded port", from: inet, to: address.pat, port: FORWARDED },
  { way: "from a VM to a VPC host", from: vm2, to: address.host, port: PORT },
  { way: "from a VPC host to a VM", from: host, to: address.vm1, port: PORT },
];

describe.each(ways)("$way", ({ from, to, port }) => {
  test("TCP comes back unchanged, most of it by the fast path", async () => {
    const followed = await followedDuring(() => expect(talk(from, "tcp", to, port)).toBe(BYTES));
    expect(followed.out).toBeGreaterThan(20);
    expect(followed.tunnel).toBeGreaterThan(20);
  });

  test("UDP comes back, all but the first few and one in four seconds by the fast path", async () => {
    const followed = await followedDuring(() => expect(talkUdp(from, to, port)).toBe(COUNT));
    expect(followed.out).toBeGreaterThan(COUNT - LUCKLESS);
    expect(followed.tunnel).toBeGreaterThan(COUNT - LUCKLESS);
  });
});

test("between two VMs through a public address both directions go from tunnel to tunnel", async () => {
  const tcp = await followedDuring(() => expect(talk(vm2, "tcp", address.eip1, PORT)).toBe(BYTES));
  expect(tcp.tunnel).toBeGreaterThan(40);
  const udp = await followedDuring(() => expect(talkUdp(vm2, address.eip1, PORT)).toBe(COUNT));
  expect(udp.tunnel).toBeGreaterThan(2 * (COUNT - LUCKLESS));
});

test("a translation's counters have every packet, whichever way it took", async () => {
  const counted = async () => {
    const row = (await status()).nat.find((n) => n.id === `eip-${address.eip1}`);
    return { original: row?.original.packets ?? 0, reply: row?.reply.packets ?? 0 };
  };
  const before = await counted();
  talkUdp(inet, address.eip1, PORT);
  const after = await counted();
  expect({ original: after.original - before.original, reply: after.reply - before.reply }).toEqual({
    original: COUNT,
    reply: COUNT,
  });
});

test("the overlay's interface counts what goes past it", async () => {
  const counted = async () => (await status()).interfaces.find((i) => i.role === "overlay");
  const before = await counted();
  talkUdp(vm1, address.inet, PORT);
  const after = await counted();
  expect((after?.rxPackets ?? 0) - (before?.rxPackets ?? 0)).toBeGreaterThanOrEqual(COUNT);
  expect((after?.txPackets ?? 0) - (before?.txPackets ?? 0)).toBeGreaterThanOrEqual(COUNT);
});

test("an operator sees a flow both ways: how its packets come and leave, its translation, age and counts", () => {
  talkUdp(vm1, address.inet, PORT, "--from 40003");
  const of = (peer: string) =>
    pcgd(`flows ${peer}`)
      .split("\n")
      .filter((l) => l.includes(":40003"));
  const [out, back] = of(address.inet).toSorted((a) => (a.startsWith("udp  overlay") ? -1 : 1));
  expect(out).toMatch(
    /^udp +overlay +192\.168\.100\.3:40003 → 198\.51\.100\.10:7000 +leaves +uplink +10\.99\.1\.20:40003 → 198\.51\.100\.10:7000 +eip-203\.0\.113\.10 +\d+ +s +\d{2,3} +packets +\d+ +bytes/,
  );
  expect(back).toMatch(
    /^udp +uplink +198\.51\.100\.10:7000 → 10\.99\.1\.20:40003 +leaves +overlay +198\.51\.100\.10:7000 → 192\.168\.100\.3:40003 +to 10\.99\.3\.248, vni 9096 +eip-203/,
  );
  expect(of(address.host)).toEqual([]);
  expect(pcgd("status")).toMatch(/fast path\n +on, \d+ flows of at most 131072/);
});

test("datagrams in fragments and whole ones of the same flow all arrive", async () => {
  // The first large answer is lost to finding out how much the way takes.
  expect(talkUdp(inet, address.eip1, PORT, "--large 4000")).toBeGreaterThan(COUNT - 3);
});

/** Whether a second program is on the overlay device: a link where the kernel has them, else a filter. */
function overlayLearns(): boolean {
  const [index = ""] = gateway.run("ip -o link show overlay0").split(":");
  const pin = join(dirname(configFile), "bpf/hooks", `${index}-ingress-1`);
  return existsSync(pin) || gateway.run("tc filter show dev overlay0 ingress").includes("overlay_learn");
}

describe("with the flow cache off", () => {
  beforeAll(async () => {
    const text = readFileSync(configFile, "utf8");
    const restart = async (config: string, learns: boolean) => {
      writeFileSync(configFile, config);
      killAndRestart("pcgd");
      await until("pcgd has realized its new configuration", async () => {
        const { desired } = await status();
        return desired.realized !== null && overlayLearns() === learns;
      });
    };
    await restart(stringify({ ...(parse(text) as object), flowCache: "off" }), false);
    return () => restart(text, true);
  });

  test.each(ways)("$way nothing is different, but that no packet follows a flow", async ({ from, to, port }) => {
    const followed = await followedDuring(() => {
      expect(talk(from, "tcp", to, port)).toBe(BYTES);
      expect(talkUdp(from, to, port, "--every 0")).toBe(COUNT);
    });
    expect(followed).toEqual({ out: 0, tunnel: 0 });
    expect(pcgd("status")).toContain("off: pcgd.yaml says flowCache: off");
  });
});
