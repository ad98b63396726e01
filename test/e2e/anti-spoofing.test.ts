import { expect, onTestFinished, test } from "vitest";
import type { Namespace } from "../kernel/namespace.ts";
import { until } from "../kernel/namespace.ts";
import { arpQuestion, BROADCAST, type Changes, fromVm, tunnel, udpOut, VM2_MAC } from "./crafted.ts";
import { address, dropped, host, inet, pings, vm1, vm1Underlay, wish } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

const COUNT = 20;

/** Sends a frame some times from an interface, and waits until just as many were dropped for the reason. */
async function refused(reason: string, from: { node: Namespace; device: string }, frame: Uint8Array): Promise<void> {
  const before = await dropped(reason);
  const socket = new RawSocket(from.node, from.device);
  onTestFinished(() => socket.close());
  expect(socket.send(Array.from({ length: COUNT }, () => frame))).toBe(COUNT);
  await until(`${reason} counted`, async () => (await dropped(reason)) >= before + COUNT);
  expect(await dropped(reason)).toBe(before + COUNT);
}

/** Inside the VM, where its switch stands between it and the gateway and believes all it says. */
const inside = { node: vm1, device: "nsx-eth0" };
/** On the VM's interface in the VPC: whatever can be sent from a tunnel endpoint. */
const tep = { node: vm1Underlay, device: "eth0" };

test("a VM that takes another address sends nothing with it: SPOOFED_IP", async () => {
  vm1.run("ip addr add 192.168.100.77/32 dev nsx-eth0");
  onTestFinished(() => void vm1.run("ip addr del 192.168.100.77/32 dev nsx-eth0"));
  const before = await dropped("SPOOFED_IP");
  expect(vm1.run(`ping -c 3 -i 0.05 -W 1 -I 192.168.100.77 ${address.inet} || true`)).toContain(" 0 received");
  expect(await dropped("SPOOFED_IP")).toBe(before + 3);
  expect(pings(vm1, address.inet)).toBe(true);
});

test.each([
  { what: "its neighbour's address", reason: "SPOOFED_IP", frame: fromVm(udpOut({ from: "192.168.100.100" })) },
  { what: "its gateway's address", reason: "SPOOFED_IP", frame: fromVm(udpOut({ from: address.gateway })) },
  { what: "an Internet host's address", reason: "SPOOFED_IP", frame: fromVm(udpOut({ from: address.inet })) },
  { what: "a MAC nobody has", reason: "SPOOFED_MAC", frame: fromVm(udpOut(), { from: "02:00:00:00:64:99" }) },
  { what: "its neighbour's MAC", reason: "SPOOFED_MAC", frame: fromVm(udpOut(), { from: VM2_MAC }) },
  {
    what: "its neighbour's address in ARP",
    reason: "SPOOFED_IP",
    frame: fromVm(arpQuestion({ senderIp: "192.168.100.100" }), { to: BROADCAST, type: 0x0806 }),
  },
  {
    what: "its neighbour's MAC in ARP",
    reason: "SPOOFED_MAC",
    frame: fromVm(arpQuestion({ senderMac: VM2_MAC }), { to: BROADCAST, type: 0x0806 }),
  },
])("a VM that says it is $what is counted as $reason", async ({ reason, frame }) => {
  await refused(reason, inside, frame);
});

const crafted = (change: Changes) => tunnel(fromVm(udpOut()), change);

test("a tunnel endpoint that names a segment nobody has is counted as UNKNOWN_VNI", async () => {
  await refused("UNKNOWN_VNI", tep, crafted({ geneve: { vni: 4711 } }));
});

test("a tunnel endpoint without an interface on a segment is counted as TEP_NOT_IN_SEGMENT", async () => {
  const other = { id: "other", name: "other", vni: 4712, gateway: "192.168.98.1/24" };
  onTestFinished(await wish((want) => ({ segments: [...want.segments, other] })));
  await refused("TEP_NOT_IN_SEGMENT", tep, crafted({ geneve: { vni: 4712 } }));
});

test("a host of the VPC that is no tunnel endpoint is counted as UNKNOWN_TEP", async () => {
  await refused(
    "UNKNOWN_TEP",
    { node: host, device: "eth0" },
    crafted({ outer: { from: address.host }, via: "10.99.4.1" }),
  );
});

test("one tunnel endpoint cannot send as another's VM: SPOOFED_MAC", async () => {
  const frame = fromVm(udpOut({ from: "192.168.100.100" }), { from: VM2_MAC });
  await refused("SPOOFED_MAC", tep, tunnel(frame));
});

test("the Internet cannot send with an overlay's address, nor the VPC: UPLINK_SPOOFED", async () => {
  const before = await dropped("UPLINK_SPOOFED");
  inet.run("ip addr add 192.168.100.200/32 dev eth0");
  onTestFinished(() => void inet.run("ip addr del 192.168.100.200/32 dev eth0"));
  expect(inet.run(`ping -c 3 -i 0.05 -W 1 -I 192.168.100.200 ${address.eip1} || true`)).toContain(" 0 received");
  expect(await dropped("UPLINK_SPOOFED")).toBe(before + 3);
});
