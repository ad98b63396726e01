import { expect, onTestFinished, test } from "vitest";
import { arp, ethernet, option, udpPacket } from "../bpf/packets.ts";
import { until } from "../kernel/namespace.ts";
import { arpQuestion, BROADCAST, type Changes, fromVm, label, tcpOut, tunnel, udpOut, VM1_MAC } from "./crafted.ts";
import { type Dice, dice } from "./dice.ts";
import { address, daemons, gateway, inet, pings, seenBy, status, vm1, vm1Underlay, vm2 } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

/** Everything the gateway counts about what comes in at its downlink, by name; and what the kernel counted there. */
async function counts(): Promise<Map<string, number>> {
  const { drops, passes } = await status();
  const [link] = JSON.parse(gateway.run("ip -j -s link show dev downlink0")) as {
    stats64: { rx: { packets: number } };
  }[];
  const atDownlink = ["downlink_other", "decapsulated", "arp_answered", "control_dhcp", "control_oam"];
  return new Map([
    ["received", link?.stats64.rx.packets ?? 0],
    ...drops.filter((d) => d.at === "downlink").map((d): [string, number] => [d.reason, d.packets]),
    ...atDownlink.map((name): [string, number] => [name, passes[name]?.packets ?? 0]),
  ]);
}

/** How far each counter moved, those that did not left out. */
function moved(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  const by = [...after].map(([name, n]): [string, number] => [name, n - (before.get(name) ?? 0)]);
  return new Map(by.filter(([, n]) => n !== 0));
}

/** The counts once so many packets have come in since `before`. */
const received = (before: ReadonlyMap<string, number>, packets: number) =>
  until(`${packets} received`, async () => {
    const now = await counts();
    return (moved(before, now).get("received") ?? 0) >= packets ? now : undefined;
  });

/** The counts once they stay as they are. */
async function settled() {
  let last = await counts();
  return await until("counters rest", async () => {
    const now = await counts();
    const rests = moved(last, now).size === 0;
    last = now;
    return rests ? now : undefined;
  });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const CHUNK = 1_000;

/** From vm-1's interface in the VPC. @returns what the kernel took */
async function throwAll(frames: Iterable<Uint8Array>): Promise<number> {
  const socket = new RawSocket(vm1Underlay, "eth0");
  onTestFinished(() => socket.close());
  let sent = 0;
  for (const chunk of chunks(frames)) {
    sent += socket.send(chunk);
    await turn();
  }
  return sent;
}

function* chunks(frames: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let chunk: Uint8Array[] = [];
  for (const frame of frames) {
    chunk.push(frame);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

const udpFrame = fromVm(udpOut());
const change = (over: Changes) => tunnel(udpFrame, over);
const inner = (frame: Uint8Array) => tunnel(frame);
const isArp = { to: BROADCAST, type: 0x0806 };

/** What each frame is dropped for, and ways to make such frames. */
const lies: Record<string, readonly ((roll: Dice) => Uint8Array)[]> = {
  OUTER_FRAGMENT: [() => change({ outer: { fragment: 0x2000 } })],
  OUTER_MALFORMED: [
    (roll) => change({ udp: { length: roll(8) } }),
    (roll) => change({ udp: { length: 2_000 + roll(60_000) } }),
    (roll) => change({ outer: { totalLength: 2_000 + roll(60_000) } }),
  ],
  OUTER_CHECKSUM: [() => change({ outer: { check: 0x1234 } }), () => change({ udp: { check: 0x1234 } })],
  GENEVE_VERSION: [(roll) => change({ geneve: { version: 1 + roll(3) } })],
  GENEVE_TRUNCATED: [
    (roll) => change({ geneve: { words: 30 + roll(34) } }),
    (roll) => tunnelBytes(Buffer.alloc(roll(8))),
  ],
  GENEVE_OPTION_LENGTHS: [
    (roll) => change({ geneve: { options: option(7, roll(128), Buffer.alloc(4), 2 + roll(30)) } }),
    (roll) => change({ geneve: { options: Buffer.concat([label, option(7, 1, Buffer.alloc(0), 1 + roll(31))]) } }),
  ],
  GENEVE_CRITICAL_OPTION: [
    (roll) => change({ geneve: { options: option(roll(0xffff), 0x81 + roll(0x7f), Buffer.alloc(4 * roll(31))) } }),
    (roll) => change({ geneve: { options: option(0x0104, 0x80, Buffer.alloc(8 + 4 * roll(20))) } }),
    (roll) => change({ geneve: { options: Buffer.concat([optionSpace(roll, 20), option(9, 0x80, Buffer.alloc(0))]) } }),
  ],
  GENEVE_PROTOCOL: [(roll) => change({ geneve: { protocol: roll(0x6558) } })],
  ECN_UNCAPABLE: [() => change({ outer: { tos: 3 } })],
  UNKNOWN_VNI: [(roll) => change({ geneve: { vni: 10_000 + roll(16_000_000) } })],
  INNER_TRUNCATED: [
    (roll) => inner(udpFrame.subarray(0, roll(34))),
    (roll) => inner(udpFrame.subarray(0, 34 + roll(26))),
    () => inner(fromVm(arpQuestion().subarray(0, 20), isArp)),
  ],
  SPOOFED_MAC: [
    (roll) => inner(fromVm(udpOut({ from: `10.0.0.${roll(256)}` }), { from: `02:00:00:00:65:${hex(roll)}` })),
  ],
  SPOOFED_IP: [(roll) => inner(fromVm(udpOut({ from: `172.16.${roll(256)}.${roll(256)}` })))],
  NOT_FOR_GATEWAY: [
    (roll) => inner(fromVm(udpOut(), { to: `02:00:00:00:65:${hex(roll)}` })),
    () => inner(fromVm(udpOut(), { to: BROADCAST })),
  ],
  INNER_PROTOCOL: [
    () => inner(fromVm(Buffer.alloc(60), { type: 0x86dd })),
    (roll) => inner(fromVm(Buffer.alloc(60), { type: 0x0807 + roll(0x7000) })),
  ],
  ARP_UNANSWERED: [
    (roll) => inner(fromVm(arpQuestion({ targetIp: `192.168.100.${2 + roll(250)}` }), isArp)),
    () => inner(fromVm(arpQuestion({ operation: 2 }), isArp)),
    () =>
      inner(fromVm(arp({ senderMac: VM1_MAC, senderIp: address.vm1, targetIp: address.gateway, hardware: 6 }), isArp)),
  ],
};

const hex = (roll: Dice) => roll(256).toString(16).padStart(2, "0");

/** A UDP datagram to the tunnel's port that ends before the GENEVE header does. */
const tunnelBytes = (bytes: Uint8Array): Buffer => {
  const whole = change({});
  const packet = udpPacket({ from: "10.99.3.248", to: address.tep, dport: 6081, check: 0 }, bytes);
  return Buffer.concat([whole.subarray(0, 14), packet]);
};

/** Options of any length that nobody has to know, up to so many words in all. */
function optionSpace(roll: Dice, words: number): Buffer {
  const options: Buffer[] = [];
  for (let left = words; left > 0; ) {
    const data = roll(Math.min(left, 32));
    options.push(option(roll(0x10000), roll(128), Buffer.alloc(4 * data, roll(256))));
    left -= 1 + data;
  }
  return Buffer.concat(options);
}

const EACH = 3_000;

test("each kind of malformed or lying packet is counted under its own reason, every one", async () => {
  const roll = dice(1);
  for (const [reason, makers] of Object.entries(lies)) {
    const before = await counts();
    const frames = Array.from({ length: EACH }, (_, n) => makers[n % makers.length]?.(roll) ?? Buffer.alloc(0));
    expect(await throwAll(frames)).toBe(EACH);
    const by = moved(before, await received(before, EACH));
    by.delete("received");
    expect([...by], reason).toEqual([[reason, EACH]]);
  }
});

test("options of any legal length and number that are not critical are skipped, and the packet goes on", async () => {
  const roll = dice(2);
  const before = await counts();
  const frames = Array.from({ length: EACH }, (_, n) => change({ geneve: { options: optionSpace(roll, n % 64) } }));
  expect(await throwAll(frames)).toBe(EACH);
  const after = await received(before, EACH);
  expect(moved(before, after).get("decapsulated")).toBeGreaterThanOrEqual(EACH);
});

const models = [
  tunnel(udpFrame),
  tunnel(fromVm(tcpOut())),
  tunnel(udpFrame, { geneve: { options: Buffer.concat([option(1, 1, Buffer.alloc(8)), label]) } }),
  tunnel(udpFrame, { outer: { options: Buffer.alloc(8, 1) } }),
  tunnel(fromVm(arpQuestion(), isArp)),
  tunnel(udpFrame, { geneve: { control: true } }),
  tunnel(
    ethernet(
      { to: BROADCAST, from: VM1_MAC },
      udpPacket({ from: "0.0.0.0", to: "255.255.255.255", sport: 68, dport: 67 }, Buffer.alloc(300, 1)),
    ),
  ),
];

/** A model with some bytes changed after the outer Ethernet header, sometimes cut, or with noise for its end. */
function bent(roll: Dice): Buffer {
  const model = models[roll(models.length)] ?? Buffer.alloc(0);
  if (roll(20) === 0) {
    const noise = Buffer.from(Array.from({ length: roll(300) }, () => roll(256)));
    return Buffer.concat([model.subarray(0, 42), noise]);
  }
  const frame = Buffer.from(roll(4) === 0 ? model.subarray(0, 34 + roll(model.length - 34)) : model);
  const first = roll(3) === 0 ? 14 : 42;
  for (let n = 1 + roll(4); n > 0; n--) {
    const at = first + roll(110);
    if (at < frame.length) frame[at] = roll(256);
  }
  return frame;
}

function* many(make: (roll: Dice) => Uint8Array, count: number): Generator<Uint8Array> {
  const roll = dice(20_261_123);
  for (let n = 0; n < count; n++) yield make(roll);
}

const STORM = 160_000;

test("160,000 bent packets crash nothing, stop nobody, and each that came in is counted once", async () => {
  const pids = daemons();
  const before = await counts();
  const traffic = vm2.start("ping", ["-q", "-i", "0.05", "-c", "20", address.inet], ["ignore", "pipe", "pipe"]);
  let said = "";
  traffic.child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  onTestFinished(() => traffic.stop());
  const sent = await throwAll(many(bent, STORM));
  expect(sent).toBe(STORM);
  await until("ping ends", () => said.includes("received"));
  expect(Number(/(\d+) received/.exec(said)?.[1])).toBeGreaterThan(0);
  const by = moved(before, await settled());
  const came = by.get("received") ?? 0;
  by.delete("received");
  expect([...by.values()].reduce((a, b) => a + b, 0)).toBe(came);
  expect(came, "the VPC drops only forged sources").toBeGreaterThan(STORM * 0.9);
  expect([...by.keys()].length).toBeGreaterThan(20);
  expect(daemons()).toEqual(pids);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  expect(pings(inet, address.eip1)).toBe(true);
});
