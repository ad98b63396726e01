import { expect, onTestFinished, test } from "vitest";
import type { DhcpDrop } from "../../src/dhcp/drops.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { udpPacket } from "../bpf/packets.ts";
import { until } from "../kernel/namespace.ts";
import { BROADCAST, fromVm, tunnel, VM1_MAC, VM1_TEP } from "./crafted.ts";
import { type Dice, dice } from "./dice.ts";
import { address, daemons, labProcess, seenBy, status, vm1, vm1Underlay, wish } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

/** One port may send twenty messages a second: there are many. */
const PORTS = 1_100;
const macOfPort = (n: number) =>
  `02:00:00:01:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 0xff).toString(16).padStart(2, "0")}`;
let sender: string = VM1_MAC;
const at = { op: 0, htype: 1, hlen: 2, ciaddr: 12, giaddr: 24, chaddr: 28, cookie: 236, options: 240 } as const;
const DISCOVER = 1;
const REQUEST = 3;
const RELEASE = 7;
const serverId = (ip: string) => [54, 4, ...ip.split(".").map(Number)];

/** A sound message from vm-1, with these options and then whatever `change` makes of it. */
function message(options: readonly number[], change: (bytes: Buffer) => void = () => undefined): Buffer {
  const macOfVm = Buffer.from(sender.replaceAll(":", ""), "hex");
  const bytes = Buffer.alloc(300);
  bytes.set([1, 1, 6]);
  bytes.set(macOfVm, at.chaddr);
  bytes.writeUInt32BE(0x63825363, at.cookie);
  bytes.set([...options, 255], at.options);
  change(bytes);
  return bytes;
}
const discover = (change: (bytes: Buffer) => void) => message([53, 1, DISCOVER], change);

/** As vm-1's switch would pass it on: from its own MAC, to everyone. */
const asked = (payload: Uint8Array, over: { to?: string; check?: number } = {}): Buffer =>
  tunnel(
    fromVm(udpPacket({ from: "0.0.0.0", to: "255.255.255.255", sport: 68, dport: 67, ...over }, payload), {
      to: BROADCAST,
      from: sender,
    }),
  );

/** What each message is dropped for, and ways to make such messages. */
const lies: Partial<Record<DhcpDrop, readonly ((roll: Dice) => Buffer)[]>> = {
  MALFORMED: [
    (roll) => asked(Buffer.from(Array.from({ length: roll(700) }, () => roll(256)))),
    (roll) => asked(discover(() => undefined).subarray(0, roll(240))),
    (roll) => asked(discover((b) => b.writeUInt32BE(roll(0x6382_5363), at.cookie))),
    (roll) => asked(discover((b) => b.writeUInt8(17 + roll(239), at.hlen))),
    (roll) => asked(discover((b) => b.set([12, 60 + roll(190)], at.options))),
    () => asked(message([])),
    (roll) => asked(message([53, 1, 9 + roll(247)])),
    () => asked(message([53, 1, REQUEST])),
  ],
  NOT_A_REQUEST: [
    () => asked(discover((b) => b.writeUInt8(2, at.op))),
    (roll) => asked(message([53, 1, [2, 5, 6][roll(3)] ?? 2])),
  ],
  HARDWARE: [
    (roll) => asked(discover((b) => b.writeUInt8(2 + roll(250), at.htype))),
    (roll) => asked(discover((b) => b.writeUInt8(7 + roll(9), at.hlen))),
    () => asked(discover((b) => b.writeUInt8(0xff, at.chaddr))),
    () => asked(discover((b) => b.fill(0, at.chaddr, at.chaddr + 16))),
  ],
  SPOOFED: [(roll) => asked(discover((b) => b.writeUInt32BE(1 + roll(0xffff), at.chaddr + 2)))],
  UNKNOWN_RELAY: [(roll) => asked(discover((b) => b.writeUInt32BE(1 + roll(0xffff_fffe), at.giaddr)))],
  OTHER_SERVER: [(roll) => asked(message([53, 1, REQUEST, ...serverId(`10.9.${roll(256)}.${roll(256)}`)]))],
  NOT_ITS_LEASE: [
    (roll) =>
      asked(
        message([53, 1, RELEASE, ...serverId(address.gateway)], (b) =>
          b.writeUInt32BE(parseIpv4("192.168.100.200") + roll(50), at.ciaddr),
        ),
      ),
  ],
  FRAME_MALFORMED: [
    () =>
      asked(
        discover(() => undefined),
        { check: 0x1234 },
      ),
  ],
  NOT_FOR_SERVER: [
    (roll) =>
      asked(
        discover(() => undefined),
        { to: `192.168.100.${2 + roll(250)}` },
      ),
  ],
};

const COUNT = 20_000;
/** So many wait in the socket's buffer without any being lost. */
const CHUNK = 1_000;

const dropped = async () => (await status()).dhcp.dropped as Record<string, number>;
const total = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);

test("20,000 malformed and lying DHCP messages are each counted under their reason, and clients are served on", async () => {
  const pids = daemons();
  onTestFinished(
    await wish((want) => ({
      endpoints: [
        ...want.endpoints,
        ...Array.from({ length: PORTS }, (_, n) => ({ segment: "web", mac: macOfPort(n), tep: VM1_TEP })),
      ],
    })),
  );
  const roll = dice(7);
  const makers = Object.entries(lies).flatMap(([reason, all]) => all.map((make) => ({ reason, make })));
  const socket = new RawSocket(vm1Underlay, "eth0");
  onTestFinished(() => socket.close());
  const before = await dropped();
  const expected = new Map<string, number>();
  for (let sent = 0; sent < COUNT; sent += CHUNK) {
    const frames = Array.from({ length: CHUNK }, (_, n) => {
      const { reason, make } = makers[(sent + n) % makers.length] ?? { reason: "", make: () => Buffer.alloc(0) };
      sender = macOfPort(n);
      expected.set(reason, (expected.get(reason) ?? 0) + 1);
      return make(roll);
    });
    expect(socket.send(frames)).toBe(CHUNK);
    await until("pcgd has read them", async () => total(await dropped()) >= total(before) + sent + CHUNK);
  }
  const after = await dropped();
  const by = Object.keys(after).map((r): [string, number] => [r, (after[r] ?? 0) - (before[r] ?? 0)]);
  expect(new Map(by.filter(([, n]) => n > 0))).toEqual(expected);
  expect(daemons()).toEqual(pids);

  const acks = (await status()).dhcp.sent["ACK"] ?? 0;
  process.kill(labProcess("vm-1-dhcp"), "SIGUSR1");
  await until("vm-1 renews its lease", async () => ((await status()).dhcp.sent["ACK"] ?? 0) > acks);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
});
