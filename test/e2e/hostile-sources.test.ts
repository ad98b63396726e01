import { expect, onTestFinished, test } from "vitest";
import { macOf } from "../../src/lab/topology.ts";
import { checksum, ethernet, icmpPacket, ipv4, pseudoHeader, udpPacket } from "../bpf/packets.ts";
import { type Namespace, until } from "../kernel/namespace.ts";
import { fromVm, tunnel, VM2_MAC } from "./crafted.ts";
import { address, dropped, host, inet, pings, seenBy, vm1, vm1Underlay, vm2Underlay, vpc, wish } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

/** Packets with addresses that are not believed where they come in: each is counted by its reason, and the victim has none. */

const COUNT = 20;
const SECONDARY = "10.99.1.20";
const VM2 = "192.168.100.100";
const VM2_TEP = "10.99.3.251";
const [UDP_LITE, DCCP] = [136, 33];
/** What follows EtherType 0x8100: priority 5, VLAN 0, IPv4. */
const PRIORITY_5 = Buffer.from("a0000800", "hex");
const vm1Tep = { node: vm1Underlay, device: "eth0" };
const everything = { id: "all", rules: [{ id: "all", action: "ALLOW" as const }] };

async function refused(reason: string, from: { node: Namespace; device: string }, frame: Uint8Array): Promise<void> {
  const before = await dropped(reason);
  const socket = new RawSocket(from.node, from.device);
  onTestFinished(() => socket.close());
  expect(socket.send(Array.from({ length: COUNT }, () => frame))).toBe(COUNT);
  await until(`${reason} counted`, async () => (await dropped(reason)) >= before + COUNT);
}

/** The VPC router's port on a subnet's interface of the gateway, from where the uplink is spoken to. */
const port = (to: string): { node: Namespace; device: string } => {
  const [route] = JSON.parse(vpc.run(`ip -j route get ${to}`)) as { dev: string }[];
  return { node: vpc, device: route?.dev ?? "" };
};

const toUplink = (packet: Uint8Array) =>
  ethernet({ to: macOf({ address: "10.99.1.10" }), from: macOf({ address: "10.99.1.1" }) }, packet);

test.each(["10.99.4.10", "10.99.2.10", "169.254.169.254", "10.99.1.1"])(
  "the uplink believes no packet from %s, though a rule allows it: UPLINK_NOT_INTERNET or UPLINK_SPOOFED",
  async (from) => {
    onTestFinished(
      await wish((want) => ({
        firewall: [everything, ...(want.firewall ?? [])],
      })),
    );
    const reason = from === "10.99.2.10" ? "UPLINK_SPOOFED" : "UPLINK_NOT_INTERNET";
    await refused(reason, port("10.99.1.10"), toUplink(udpPacket({ from, to: SECONDARY, dport: 7 })));
  },
);

test("a VPC host that calls an Elastic IP's secondary address is refused and counted, and reaches the VM by its own", async () => {
  const before = await dropped("UPLINK_NOT_INTERNET");
  expect(pings(host, SECONDARY)).toBe(false);
  expect(await dropped("UPLINK_NOT_INTERNET")).toBe(before + 1);
  expect(pings(host, address.vm1)).toBe(true);
});

test("plain IP on the downlink with an overlay's source is DOWNLINK_SPOOFED", async () => {
  const frame = ethernet(
    { to: macOf({ address: address.tep }), from: macOf({ address: VM2_TEP }) },
    udpPacket({ from: address.vm1, to: address.inet, dport: 7 }),
  );
  await refused("DOWNLINK_SPOOFED", port(address.tep), frame);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
});

test("an ICMP error of one VM about another's connection is ERROR_NOT_OWN", async () => {
  const about = udpPacket({ from: address.inet, to: address.eip1, dport: 7 });
  for (const embedded of [about, udpPacket({ from: address.inet, to: address.vm1, dport: 7 })]) {
    const lie = icmpPacket({ from: VM2, to: address.inet, type: 3, code: 3 }, embedded);
    const frame = tunnel(fromVm(lie, { from: VM2_MAC }), { outer: { from: VM2_TEP } });
    await refused("ERROR_NOT_OWN", { node: vm2Underlay, device: "eth0" }, frame);
  }
});

/** A counter of a machine's ICMP. */
const icmp = (machine: Namespace, name: string): number =>
  Number(machine.run(`nstat -asz ${name} | awk '/^${name}/ { print $2 }'`));

test("a VM's own ICMP error arrives at its peer", async () => {
  onTestFinished(await wish((want) => ({ firewall: [everything, ...(want.firewall ?? [])] })));
  const before = icmp(inet, "IcmpInDestUnreachs");
  inet.run(`echo > /dev/udp/${address.eip1}/9`);
  await until("port unreachable", () => icmp(inet, "IcmpInDestUnreachs") === before + 1);
});

test("a VM reaches no tunnel endpoint's tunnel port: TUNNEL_PORT", async () => {
  const packet = udpPacket({ from: address.vm1, to: VM2_TEP, dport: 6081 });
  await refused("TUNNEL_PORT", vm1Tep, tunnel(fromVm(packet)));
});

/** RFC 3828 §3.1: the checksum covers all of it. */
const udpLite = (from: string, to: string): Buffer => {
  const datagram = Buffer.from("9c400007000000000a0b0c0d", "hex");
  datagram.writeUInt16BE(checksum(pseudoHeader(from, to, UDP_LITE, datagram.length), datagram), 6);
  return ipv4({ from, to, protocol: UDP_LITE }, datagram);
};

/** A request, RFC 4340 §5.2. */
const dccp = (from: string, to: string): Buffer => {
  const request = Buffer.from("9c4000070500000001000000000000010a0b0c0d", "hex");
  request.writeUInt16BE(checksum(pseudoHeader(from, to, DCCP, request.length), request), 6);
  return ipv4({ from, to, protocol: DCCP }, request);
};

test("DCCP that would be translated is NAT_PROTOCOL, both ways", async () => {
  await refused("NAT_PROTOCOL", vm1Tep, tunnel(fromVm(dccp(address.vm1, address.inet))));
  await refused("NAT_PROTOCOL", port("10.99.1.10"), toUplink(dccp("198.51.100.77", SECONDARY)));
});

// Linux's connection tracking takes no UDP-Lite whose checksum nobody has verified yet: there INVALID_STATE comes first.
test("UDP-Lite that would be translated is dropped by name, both ways", async () => {
  const drops = async () => (await dropped("NAT_PROTOCOL")) + (await dropped("INVALID_STATE"));
  for (const [from, frame] of [
    [vm1Tep, tunnel(fromVm(udpLite(address.vm1, address.inet)))],
    [port("10.99.1.10"), toUplink(udpLite("198.51.100.77", SECONDARY))],
  ] as const) {
    const before = await drops();
    const socket = new RawSocket(from.node, from.device);
    onTestFinished(() => socket.close());
    socket.send(Array.from({ length: COUNT }, () => frame));
    await until("all are counted", async () => (await drops()) >= before + COUNT);
  }
});

test("a VM's ping with a tag of VLAN 0 arrives", async () => {
  const before = icmp(inet, "IcmpInEchos");
  const ping = icmpPacket({ from: address.vm1, to: address.inet, type: 8 });
  const socket = new RawSocket(vm1Tep.node, vm1Tep.device);
  onTestFinished(() => socket.close());
  socket.send([tunnel(fromVm(Buffer.concat([PRIORITY_5, ping]), { type: 0x8100 }))]);
  await until("it has arrived", () => icmp(inet, "IcmpInEchos") === before + 1);
});
