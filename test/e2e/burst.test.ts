import { expect, onTestFinished, test } from "vitest";
import { until } from "../kernel/namespace.ts";
import { address, inet, labProcess, vm1, vm1Underlay, wish } from "./nodes.ts";

/** As much as a TCP sender has on its way at once, many times the 212,992 bytes that a packet socket holds by default. */
const FRAMES = 5_000;
const BYTES = 1_400;

const received = (): number =>
  Number(vm1.run("cat /proc/net/dev | sed -n 's/.*nsx-eth0: *[0-9]* *\\([0-9]*\\) .*/\\1/p'"));

test.each(["eth0", "nsx"])("a VM's switch has room for a whole TCP window at %s", (port) => {
  const [, room] = /skmem:\(r\d+,rb(\d+),/.exec(vm1Underlay.run(`ss -0 -m -n | grep '\\*:${port} '`)) ?? [];
  expect(Number(room)).toBeGreaterThanOrEqual(64 << 20);
});

test("a VM's switch that gets no turn for a while loses nothing of a burst", async () => {
  const rules = [
    { id: "discard", action: "ALLOW" as const, services: [{ protocol: "udp" as const, destinationPorts: "9" }] },
  ];
  onTestFinished(await wish((want) => ({ firewall: [{ id: "first", rules }, ...(want.firewall ?? [])] })));
  const vswitch = labProcess("vm-1-ovs-vswitchd");
  const before = received();
  process.kill(vswitch, "SIGSTOP");
  onTestFinished(() => void process.kill(vswitch, "SIGCONT"));
  const send = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(bytes(${BYTES}), ("${address.eip1}", 9)) for _ in range(${FRAMES})]`;
  inet.run(`python3 -c '${send}'`);
  process.kill(vswitch, "SIGCONT");
  await until("all of it arrives", () => received() - before >= FRAMES);
});
