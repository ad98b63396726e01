import { expect, onTestFinished, test } from "vitest";
import type { FirewallRule } from "../../src/model/firewall.ts";
import type { NatRule } from "../../src/model/nat.ts";
import { until } from "../kernel/namespace.ts";
import { address, dropsDuring, gateway, host, inet, pings, seenBy, status, vm1, vm2, wish } from "./nodes.ts";

/** These NAT rules for the rest of the test, with firewall rules asked before all others. */
async function given(nat: readonly NatRule[], firewall: readonly FirewallRule[] = []): Promise<void> {
  const first = { id: "first", rules: [...firewall] };
  onTestFinished(await wish((want) => ({ nat: [...nat], firewall: [first, ...(want.firewall ?? [])] })));
}

/** Who answers, and whom they saw; undefined when nobody does within `seconds`. */
const greeting = (from: typeof vm1, url: string, seconds = 20): string | undefined =>
  /hello from (\S+, you are \S+)/.exec(from.run(`curl -s --max-time ${seconds} ${url} || true`))?.[1];

/** Nobody is expected to answer: waiting longer would tell nothing more. */
const SILENCE_SECONDS = 0.7;

const vm2Address = () => /192\.168\.100\.\d+/.exec(vm2.run("ip -4 -br addr show nsx-eth0"))?.[0] ?? "";

/** A TCP server in vm-1 on each port, that says on which port it was reached. */
async function serve(first: number, last: number): Promise<void> {
  const program = `for (let port = ${first}; port <= ${last}; port++)
    require("net").createServer((socket) => socket.end(port + "\\n")).listen(port)`;
  const server = vm1.start(process.execPath, ["-e", program]);
  onTestFinished(() => server.stop());
  await until(
    "servers listen",
    () => vm1.run(`ss -Hltn 'sport >= :${first} and sport <= :${last}' | wc -l`).trim() === `${last - first + 1}`,
  );
}

const forward = (over: Partial<NatRule> = {}): NatRule => ({
  id: "forward",
  action: "DNAT",
  destinationNetwork: address.pat,
  protocol: "tcp",
  destinationPorts: "8081",
  translatedNetwork: address.vm1,
  translatedPorts: "80",
  ...over,
});

test("DNAT forwards a port of the shared address to another port of a VM, from outside and from inside", async () => {
  await given([forward()]);
  expect(greeting(inet, `http://${address.pat}:8081/`)).toBe(`vm-1, you are ${address.inet}`);
  expect(greeting(vm2, `http://${address.pat}:8081/`)).toBe(`vm-1, you are ${address.pat}`);
  expect(greeting(vm1, `http://${address.pat}:8081/`)).toBe(`vm-1, you are ${address.eip1}`);
  expect(greeting(inet, `http://${address.pat}:8082/`, SILENCE_SECONDS)).toBeUndefined();
});

test("DNAT of a port range onto another keeps each port's place in it", async () => {
  await given(
    [forward({ destinationPorts: "9000-9002", translatedPorts: "8000-8002" })],
    [{ id: "range", action: "ALLOW", services: [{ protocol: "tcp", destinationPorts: "8000-8002" }] }],
  );
  await serve(8000, 8002);
  const reached = (port: number) => inet.run(`curl -s --http0.9 --max-time 0.7 http://${address.pat}:${port}/ || true`);
  expect([9000, 9001, 9002, 9003].map(reached)).toEqual(["8000\n", "8001\n", "8002\n", ""]);
});

test("DNAT of a network keeps each address's place in it", async () => {
  await given([
    { id: "net", action: "DNAT", destinationNetwork: "203.0.113.10/31", translatedNetwork: "192.168.100.2/31" },
  ]);
  expect(greeting(inet, `http://${address.pat}/`)).toBe(`vm-1, you are ${address.inet}`);
  expect(pings(inet, address.eip1)).toBe(false);
});

test("SNAT beats the Elastic IP, and takes its ports from the range it is given", async () => {
  await given([
    {
      id: "tcp",
      action: "SNAT",
      sourceNetwork: address.vm1,
      translatedNetwork: address.pat,
      protocol: "tcp",
      translatedPorts: "61000-61007",
    },
  ]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.pat);
  const flows = gateway.run(`conntrack -L -p tcp --dport 80 -s ${address.vm1} 2>/dev/null`).split("\n");
  const ports = flows.flatMap((f) => / dst=203\.0\.113\.11 sport=80 dport=(\d+)/.exec(f)?.[1] ?? []).map(Number);
  expect(Math.max(...ports)).toBeLessThanOrEqual(61_007);
  expect(Math.max(...ports)).toBeGreaterThanOrEqual(61_000);
  const pingOut = vm1.run(`ping -c 1 -W 1 ${address.inet} > /dev/null; echo answered`);
  expect(pingOut).toBe("answered\n");
  expect(gateway.run(`conntrack -L -p icmp -s ${address.vm1} 2>/dev/null`)).toContain(`dst=${address.eip1}`);
});

test("SNAT for one destination leaves the others to the Elastic IP", async () => {
  await given([
    {
      id: "one",
      action: "SNAT",
      sourceNetwork: address.vm1,
      destinationNetwork: "198.51.100.0/25",
      translatedNetwork: address.pat,
    },
  ]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.pat);
  inet.run("ip addr add 198.51.100.200/24 dev eth0");
  onTestFinished(() => void inet.run("ip addr del 198.51.100.200/24 dev eth0"));
  expect(seenBy(vm1, "http://198.51.100.200/")).toBe(address.eip1);
});

test("REFLEXIVE translates outwards, and back inwards without being asked twice", async () => {
  const inside = vm2Address();
  const old = await wish(({ pat: _, ...want }) => want);
  onTestFinished(old);
  await given(
    [{ id: "both", action: "REFLEXIVE", sourceNetwork: inside, translatedNetwork: address.pat }],
    [{ id: "in", action: "ALLOW", direction: "IN", destinations: [inside] }],
  );
  expect(seenBy(vm2, `http://${address.inet}/`)).toBe(address.pat);
  expect(greeting(inet, `http://${address.pat}/`)).toBe(`vm-2, you are ${address.inet}`);
  expect(greeting(vm1, `http://${address.pat}/`)).toBe(`vm-2, you are ${address.eip1}`);
});

test("NO_DNAT keeps one source from an Elastic IP, and only that one", async () => {
  await given([
    { id: "not-you", action: "NO_DNAT", sourceNetwork: "198.51.100.10/32", destinationNetwork: address.eip1 },
  ]);
  expect(await dropsDuring("NOT_ALLOWED", () => expect(pings(inet, address.eip1)).toBe(false))).toBe(1);
  expect(greeting(vm2, `http://${address.eip1}/`)).toBe(`vm-1, you are ${address.pat}`);
});

test("NO_SNAT leaves an overlay address as it is, and that does not leave the uplink", async () => {
  await given([{ id: "as-is", action: "NO_SNAT", sourceNetwork: vm2Address(), destinationNetwork: address.inet }]);
  expect(await dropsDuring("NO_TRANSLATION", () => expect(pings(vm2, address.inet)).toBe(false))).toBe(1);
  expect(pings(vm1, address.inet)).toBe(true);
});

test("rules are asked by priority, then as written, and a disabled one not at all", async () => {
  const toVm2 = { translatedNetwork: vm2Address() };
  const allow: FirewallRule = { id: "web", action: "ALLOW", services: [{ protocol: "tcp", destinationPorts: "80" }] };
  await given(
    [
      forward({ id: "late", priority: 20 }),
      forward({ id: "early", priority: 10, ...toVm2 }),
      forward({ id: "off", priority: 1, enabled: false }),
      forward({ id: "first", destinationPorts: "8082" }),
      forward({ id: "second", destinationPorts: "8082", ...toVm2 }),
      forward({ id: "wide", destinationPorts: "8080-8089", priority: 30, ...toVm2 }),
      forward({ id: "only-off", destinationPorts: "8090", enabled: false }),
    ],
    [allow],
  );
  const who = (port: number) => greeting(inet, `http://${address.pat}:${port}/`)?.split(",")[0];
  expect([8081, 8082, 8083].map(who)).toEqual(["vm-2", "vm-1", "vm-2"]);
  expect(greeting(inet, `http://${address.pat}:8090/`, SILENCE_SECONDS)).toBeUndefined();
});

test("a rule's counters grow by the packets of its connections, each direction for itself", async () => {
  await given([
    {
      id: "icmp",
      action: "DNAT",
      destinationNetwork: address.pat,
      protocol: "icmp",
      translatedNetwork: address.vm1,
    },
  ]);
  const count = async (id: string) => {
    const row = (await status()).nat.find((n) => n.id === id);
    return [row?.original.packets ?? 0, row?.reply.packets ?? 0];
  };
  const elastic = await count(`eip-${address.eip1}`);
  inet.run(`ping -c 5 -i 0.05 -W 1 ${address.pat}`);
  expect(await count("icmp")).toEqual([5, 5]);
  expect(await count(`eip-${address.eip1}`)).toEqual(elastic);
  const pat = await count("pat");
  vm2.run(`ping -c 7 -i 0.05 -W 1 ${address.inet}`);
  expect(await count("pat")).toEqual(pat.map((n) => n + 7));
  expect(await count("icmp")).toEqual([5, 5]);
});

const ping: FirewallRule["services"] = [{ protocol: "icmp", icmpType: 8 }];
const hits = async (rule: string) => (await status()).firewall.find((f) => f.rule === rule)?.packets;

test("the firewall's DROP is silent and counted, and rules after it are not asked", async () => {
  await given([], [{ id: "no-ping", action: "DROP", services: ping }]);
  const drops = await dropsDuring("FIREWALL_RULE", () => {
    const said = inet.run(`ping -c 3 -i 0.05 -W 1 ${address.eip1} || true`);
    expect(said).toContain("3 packets transmitted, 0 received");
    expect(said).not.toContain("From ");
  });
  expect(drops).toBe(3);
  expect(await hits("no-ping")).toBe(3);
  expect(greeting(inet, `http://${address.eip1}/`)).toBe(`vm-1, you are ${address.inet}`);
});

test("the firewall's REJECT tells the sender, from the address it asked for", async () => {
  await given([], [{ id: "go-away", action: "REJECT", direction: "IN", services: ping }]);
  const drops = await dropsDuring("FIREWALL_RULE", () => {
    const said = inet.run(`ping -c 1 -W 1 ${address.eip1} || true`);
    expect(said).toMatch(/From 203\.0\.113\.10 .*Packet filtered/);
  });
  expect(drops).toBe(1);
  expect(await hits("go-away")).toBe(1);
  expect(pings(vm1, address.inet)).toBe(true);
});

test("the firewall asks sections in their order; a rule counts connections, not their packets", async () => {
  await given(
    [],
    [
      { id: "inet-may", action: "ALLOW", direction: "IN", sources: [address.inet], services: ping },
      { id: "nobody-else", action: "DROP", direction: "IN", services: ping },
      { id: "off", action: "DROP", enabled: false },
    ],
  );
  inet.run(`ping -c 4 -i 0.05 -W 1 ${address.eip1}`);
  inet.run(`ping -c 4 -i 0.05 -W 1 ${address.eip1}`);
  expect(await hits("inet-may")).toBe(2);
  expect(pings(host, address.vm1)).toBe(false);
  expect(await hits("nobody-else")).toBe(1);
});

test("the firewall's rules for what leaves stop a VM, and only there", async () => {
  await given(
    [],
    [{ id: "quiet", action: "REJECT", direction: "OUT", sources: [address.vm1], destinations: ["198.51.100.0/24"] }],
  );
  expect(vm1.run(`ping -c 1 -W 1 ${address.inet} || true`)).toMatch(/From 192\.168\.100\.1 .*Packet filtered/);
  expect(pings(vm2, address.inet)).toBe(true);
  expect(pings(inet, address.eip1)).toBe(true);
});
