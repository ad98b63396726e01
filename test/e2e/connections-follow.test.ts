import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../kernel/namespace.ts";
import { address, gateway, inet, killAndRestart, status, vm1, vm2, wish } from "./nodes.ts";

const PORT = 7000;
const VM2 = "192.168.100.100";
const LISTEN = `import socket,sys
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(("",${PORT}))
while True:
    d,a=s.recvfrom(100); s.sendto(sys.argv[1].encode(),a)`;
/** Sends from one port all the time, and writes down when it sent (nanoseconds of the monotonic clock) and who answered. */
const TALK = `import socket,sys,time
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(("",0)); s.settimeout(0.02)
while True:
    sent=time.monotonic_ns()
    s.sendto(b"x",(sys.argv[1],${PORT}))
    try: answer=s.recv(9).decode()
    except OSError: answer="nobody"
    print(sent,answer,flush=True); time.sleep(0.01)`;

const udp = { id: "udp", action: "ALLOW" as const, direction: "IN" as const, services: [{ protocol: "udp" as const }] };

/** A UDP flow from the Internet that goes on all the time; `next` is who answers what is sent after it was called. */
function flowTo(to: string) {
  const listeners = [
    ["vm1", vm1],
    ["vm2", vm2],
  ] as const;
  for (const [name, vm] of listeners) {
    const { stop } = vm.start("python3", ["-c", LISTEN, name]);
    onTestFinished(() => stop());
  }
  const talker = inet.start("python3", ["-c", TALK, to], ["ignore", "pipe", "pipe"]);
  onTestFinished(() => talker.stop());
  const said: { readonly sent: bigint; readonly by: string }[] = [];
  if (talker.child.stdout)
    createInterface(talker.child.stdout).on("line", (line) => {
      const [sent = "0", by = ""] = line.split(" ");
      said.push({ sent: BigInt(sent), by });
    });
  const next = async (count = 20) => {
    const asked = process.hrtime.bigint();
    const since = () => said.filter(({ sent }) => sent > asked);
    // An answer may take longer than its sender waits: it then stands in the place of the next two.
    await until("answers, or none", () => since().length >= count + 2);
    return [
      ...new Set(
        since()
          .slice(2)
          .map(({ by }) => by),
      ),
    ];
  };
  const isAnswered = (by: string) => until(`${by} answers`, async () => (await next(3)).join() === by);
  return { next, isAnswered };
}

const forward = (translatedNetwork: string) => ({
  id: "fwd",
  action: "DNAT" as const,
  protocol: "udp" as const,
  destinationNetwork: address.pat,
  destinationPorts: `${PORT}`,
  translatedNetwork,
});

async function wishes(change: Parameters<typeof wish>[0]): Promise<void> {
  const undo = await wish(change);
  onTestFinished(undo);
}

const withUdp = (firewall: NonNullable<Parameters<Parameters<typeof wish>[0]>[0]["firewall"]> = []) => [
  { id: "udp", rules: [udp] },
  ...firewall,
];

test("an Elastic IP that is moved takes a running flow along, and the old VM gets nothing from then on", async () => {
  await wishes((want) => ({ firewall: withUdp(want.firewall) }));
  const flow = flowTo(address.eip1);
  await flow.isAnswered("vm1");
  await wishes((want) => ({
    elasticIps: (want.elasticIps ?? []).map((e) => (e.overlayIp ? { ...e, overlayIp: VM2 } : e)),
  }));
  expect(await flow.next()).not.toContain("vm1");
  await flow.isAnswered("vm2");
});

test("a forwarding that is pointed elsewhere takes a running flow along, and one that is gone ends it", async () => {
  await wishes((want) => ({ firewall: withUdp(want.firewall), nat: [forward(address.vm1)] }));
  const flow = flowTo(address.pat);
  await flow.isAnswered("vm1");
  await wishes(() => ({ nat: [forward(VM2)] }));
  expect(await flow.next()).not.toContain("vm1");
  await flow.isAnswered("vm2");
  await wishes(() => ({ nat: [] }));
  expect(await flow.next()).toEqual(["nobody"]);
});

test("a firewall rule that turns to deny ends what it denies, but for what a rule with persistEstablished is for", async () => {
  await wishes((want) => ({ firewall: withUdp(want.firewall) }));
  const flow = flowTo(address.eip1);
  await flow.isAnswered("vm1");
  const denying = (persistEstablished: boolean) => ({ ...udp, action: "DROP" as const, persistEstablished });
  await wishes((want) => ({ firewall: [{ id: "udp", rules: [denying(true)] }, ...(want.firewall ?? []).slice(1)] }));
  await flow.isAnswered("vm1");
  await wishes((want) => ({ firewall: [{ id: "udp", rules: [denying(false)] }, ...(want.firewall ?? []).slice(1)] }));
  expect(await flow.next()).toEqual(["nobody"]);
});

test("a segment port that is gone takes its connections with the VPC along", async () => {
  vm1.run(`ping -c 1 -W 1 ${address.host}`);
  const ofVm1 = () => gateway.run(`conntrack -L --src ${address.vm1} --dst ${address.host} 2>/dev/null || true`).trim();
  expect(ofVm1()).not.toBe("");
  await wishes((want) => ({
    endpoints: want.endpoints.filter((e) => e.ip !== address.vm1),
    elasticIps: (want.elasticIps ?? []).map(({ overlayIp: _, ...e }) => e),
    dhcp: [],
    firewall: [],
  }));
  expect(ofVm1()).toBe("");
});

test("what pcgd missed while it was away is ended when it is back, and nothing else is", async () => {
  await wishes((want) => ({ firewall: withUdp(want.firewall) }));
  const flow = flowTo(address.eip1);
  await flow.isAnswered("vm1");
  // As if the kernel's rules had been changed and the connections not: one connection has lost its translation.
  gateway.run(`conntrack -U -p udp --orig-dst ${address.eip1} --mark 0x40000001 2>/dev/null`);
  vm2.run(`curl -s -o /dev/null http://${address.inet}/`);
  const stale = () => gateway.run("conntrack -L --mark 0x40000001 2>/dev/null | wc -l").trim();
  const others = () => gateway.run(`conntrack -L -p tcp --src ${VM2} --state TIME_WAIT 2>/dev/null`);
  const [, other] = /sport=(\d+) dport=80 /.exec(others()) ?? [];
  killAndRestart("pcgd");
  await until("pcgd has realized again", async () => (await status()).desired.realized !== null);
  expect(stale()).toBe("0");
  expect(others()).toContain(`sport=${other} dport=80 `);
});
