import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bench, bench, sh } from "./harness.ts";
import { fromVm, net, ours } from "./network.ts";
import { node } from "./nodes.ts";
import { geneve, icmpPacket } from "./packets.ts";

let t: Bench;
let gw: ReturnType<typeof node>;
let vm: ReturnType<typeof node>;
let other: ReturnType<typeof node>;

const names = { gw: "hb-gw", vm: "hb-vm", other: "hb-other" };
const all = Object.values(names);
const clean = () => sh(all.map((n) => `ip netns delete ${n} 2>/dev/null || true`).join("\n"));

beforeAll(() => {
  t = bench();
  clean();
  sh("ip link add br0 mtu 9001 type bridge; ip link set br0 up");
  const throughGateway = { tep: net.tep, mac: net.routerMac };
  gw = node(t.directory, "br0", {
    ...{ netns: names.gw, tep: net.tep, outerMac: net.outerMac, innerMac: net.routerMac },
    addresses: [net.gateway, net.otherGateway],
    peers: [
      { ip: net.vm, tep: net.vmTep, vni: net.vni, mac: net.vmMac },
      { ip: net.otherVm, tep: net.otherTep, vni: net.otherVni, mac: net.otherMac },
    ],
  });
  vm = node(t.directory, "br0", {
    ...{ netns: names.vm, tep: net.vmTep, outerMac: net.vmOuterMac, innerMac: net.vmMac, addresses: [net.vm] },
    peers: [net.gateway, net.otherVm].map((ip) => ({ ...throughGateway, ip, vni: net.vni })),
  });
  other = node(t.directory, "br0", {
    ...{ netns: names.other, tep: net.otherTep, outerMac: "02:00:00:00:03:fb", innerMac: net.otherMac },
    addresses: [net.otherVm],
    peers: [net.otherGateway, net.vm].map((ip) => ({ ...throughGateway, ip, vni: net.otherVni })),
  });
});
afterAll(() => {
  clean();
  t.close();
});

/** Nothing but the few packets a namespace says of itself may be dropped, in any node. */
const dropped = () => [gw, vm, other].map((n) => ({ ...n.drops(), OVERLAY_PROTOCOL: undefined }));
const none = [0, 1, 2].map(() => ({ OVERLAY_PROTOCOL: undefined }));

const both = (change: Parameters<typeof gw.configure>[0]) => [gw, vm, other].forEach((n) => void n.configure(change));
beforeEach(() => both({}));

type Switch = "on" | "off";
const offload = (on: Switch, where = all) =>
  where.forEach((n) => void sh(`ip netns exec ${n} ethtool -K down0 tx ${on} tso ${on} gso ${on}`));

test.each([
  { what: "", size: 56, packets: 1, change: {} },
  { what: " in packets of the overlay's MTU", size: 8915, packets: 1, change: {} },
  { what: " in inner fragments", size: 20_000, packets: 3, change: {} },
  { what: " with full checksums", size: 56, packets: 1, change: { fullChecksum: 1 } },
  { what: " with full checksums in packets of the overlay's MTU", size: 8915, packets: 1, change: { fullChecksum: 1 } },
  {
    what: " on another port with another option",
    size: 100,
    packets: 1,
    change: { port: 6082, optionClass: 0x0123, optionType: 1 },
  },
])("a VM pings its gateway's address through both tunnel ends$what", ({ size, packets, change }) => {
  both(change);
  const before = gw.passes();
  vm.sh(`ping -c 3 -i 0.01 -W 2 -s ${size} ${net.gateway}`);
  const now = gw.passes();
  expect((now["decapsulated"] ?? 0) - (before["decapsulated"] ?? 0)).toBe(3 * packets);
  expect((now["encapsulated"] ?? 0) - (before["encapsulated"] ?? 0)).toBe(3 * packets);
  expect(dropped()).toEqual(none);
});

/** Bytes that iperf3's sender knows to be received, over TCP, or has sent. */
async function transfer(from: ReturnType<typeof node>, to: string, toAddress: string, flags: string): Promise<number> {
  const server = spawn("ip", ["netns", "exec", to, "timeout", "20", "iperf3", "-s", "-1", "--forceflush"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(server, "exit");
  await once(server.stdout, "data");
  const report = JSON.parse(from.sh(`iperf3 -J -c ${toAddress} -n 30M ${flags}`));
  await ended;
  return report.end.sum_sent.bytes;
}

test.each([
  { what: "aggregates", on: "on" as Switch, fullChecksum: 0 },
  { what: "aggregates, full checksums asked for", on: "on" as Switch, fullChecksum: 1 },
  { what: "aggregates that the gateway has to cut", on: "on" as Switch, gateway: "off" as Switch, fullChecksum: 0 },
  { what: "single frames", on: "off" as Switch, fullChecksum: 0 },
  { what: "single frames with full checksums", on: "off" as Switch, fullChecksum: 1 },
])(
  "TCP in $what goes from VM to gateway, back, and from VM to VM through the gateway",
  async ({ on, gateway = on, fullChecksum }) => {
    offload(on);
    offload(gateway, [names.gw]);
    both({ fullChecksum });
    const total = 30 * 1024 * 1024;
    expect(await transfer(vm, names.gw, net.gateway, "")).toBeGreaterThanOrEqual(total);
    expect(await transfer(vm, names.gw, net.gateway, "-R")).toBeGreaterThanOrEqual(total);
    expect(await transfer(vm, names.other, net.otherVm, "")).toBeGreaterThanOrEqual(total);
    offload("on");
    expect(dropped()).toEqual(none);
  },
);

test("UDP with full checksums arrives whole and unrefused, whoever finishes the inner checksum", async () => {
  both({ fullChecksum: 1 });
  await transfer(vm, names.other, net.otherVm, "-u -b 500M -l 1400");
  await transfer(vm, names.other, net.otherVm, "-u -b 500M -l 8000");
  expect(dropped()).toEqual(none);
});

/** A tunnel packet from an ordinary UDP socket in the VM's namespace: paged, and summed by whoever sends it. */
function fromSocket(size: number): void {
  const packet = icmpPacket({ from: net.vm, to: net.gateway, type: 13 }, Buffer.alloc(size, 0xa5));
  const payload = geneve({ vni: net.vni, critical: true, options: ours }, fromVm(packet)).toString("hex");
  const script = `const s = require("dgram").createSocket("udp4");
    s.send(Buffer.from(process.argv[1], "hex"), 6081, "${net.tep}", () => s.close())`;
  execFileSync("ip", ["netns", "exec", names.vm, process.execPath, "-e", script, payload]);
}

test.each([
  { what: "left to the device", on: "on" as Switch },
  { what: "made by the sender", on: "off" as Switch },
])("downlink_ingress verifies the checksum, $what, of paged packets up to 8,900 bytes", async ({ on }) => {
  offload(on);
  const before = gw.passes()["decapsulated"] ?? 0;
  for (const size of [10, 1_000, 5_001, 8_800]) fromSocket(size);
  await expect.poll(() => (gw.passes()["decapsulated"] ?? 0) - before, { timeout: 3_000 }).toBe(4);
  offload("on");
  expect(dropped()).toEqual(none);
});

test("overlay_egress drops what would not fit into an IP packet as OVERLAY_TOO_LARGE", () => {
  sh(`ip -n ${names.gw} link set overlay0-in mtu 65535; ip -n ${names.gw} link set overlay0 mtu 65535`);
  const most = 65_535 - 58;
  expect(() => gw.sh(`ping -c 1 -W 0.2 -s ${most - 28 + 1} ${net.vm}`)).toThrow();
  expect(gw.drops()["OVERLAY_TOO_LARGE"]).toBe(1);
  expect(() => gw.sh(`ping -c 1 -W 0.2 -s ${most - 28} ${net.vm}`)).toThrow();
  expect(gw.drops()["OVERLAY_TOO_LARGE"]).toBe(1);
});
