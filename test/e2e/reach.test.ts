import { expect, onTestFinished, test } from "vitest";
import { address, dropsDuring, gateway, host, inet, pings, seenBy, status, vm1, vm2, wish } from "./nodes.ts";

test("a VM has its address, router, resolver and MTU from the gateway's DHCP, and pings the gateway", async () => {
  expect(vm1.run("ip -4 -br addr show nsx-eth0")).toContain("192.168.100.3/24");
  expect(vm1.run("ip route show default")).toContain(`via ${address.gateway}`);
  expect(vm1.run("ip link show nsx-eth0")).toContain("mtu 8943");
  expect(vm2.run("ip -4 -br addr show nsx-eth0")).toMatch(/192\.168\.100\.1\d\d\/24/);
  expect(pings(vm1, address.gateway)).toBe(true);
  expect(pings(vm2, address.gateway)).toBe(true);
  expect(vm1.run(`ip neigh show ${address.gateway}`)).toContain("02:50:56:56:44:52");
});

test("a VM with an Elastic IP is seen as it, and is reached through it, on both stages of the NAT", async () => {
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
  expect(pings(inet, address.eip1)).toBe(true);
  const row = (await status()).nat.find((n) => n.id === `eip-${address.eip1}`);
  expect(row).toMatchObject({ from: address.eip1, to: address.vm1, secondary: "10.99.1.20" });
  expect(row?.original.packets).toBeGreaterThan(0);
  expect(row?.reply.packets).toBeGreaterThan(0);
});

test("a VM without one is seen as the shared address, with a port of the unit's range", () => {
  gateway.run("conntrack -D -p tcp --dport 80 >/dev/null 2>&1 || true");
  expect(seenBy(vm2, `http://${address.inet}/`)).toBe(address.pat);
  const port = /sport=\d+ dport=80 src=\S+ dst=203\.0\.113\.11 sport=80 dport=(\d+)/.exec(
    gateway.run("conntrack -L -p tcp --dport 80 -s 192.168.100.0/24 2>/dev/null | grep 203.0.113.11"),
  )?.[1];
  expect(Number(port)).toBeGreaterThanOrEqual(20_000);
  expect(Number(port)).toBeLessThanOrEqual(39_999);
  expect(pings(vm2, address.inet)).toBe(true);
});

test("a VM reaches another through its Elastic IP, seen by a public address, and even itself", () => {
  expect(seenBy(vm2, `http://${address.eip1}/`)).toBe(address.pat);
  expect(seenBy(vm1, `http://${address.eip1}/`)).toBe(address.eip1);
});

test("overlay and VPC reach each other with their own addresses where the wish says routed", () => {
  expect(seenBy(vm2, `http://${address.host}/`)).toMatch(/^192\.168\.100\./);
  expect(seenBy(host, `http://${address.vm1}/`)).toBe(address.host);
});

test("the VPC sees the unit's own address where the wish says snat, and cannot open connections", async () => {
  onTestFinished(
    await wish((want) => ({
      tier0: { ...want.tier0, underlay: [{ prefix: "10.99.0.0/16", mode: "snat" }] },
      firewall: [],
    })),
  );
  expect(seenBy(vm2, `http://${address.host}/`)).toBe(address.tep);
  expect(await dropsDuring("NOT_ALLOWED", () => expect(pings(host, address.vm1)).toBe(false))).toBeGreaterThan(0);
});

test("what no rule allows is dropped and counted, from outside and towards shared addresses", async () => {
  expect(
    await dropsDuring("NOT_ALLOWED", () =>
      expect(() => inet.run(`curl -s --max-time 1 http://${address.eip1}:81/`)).toThrow(),
    ),
  ).toBeGreaterThan(0);
  expect(await dropsDuring("NOT_ALLOWED", () => expect(pings(inet, address.pat)).toBe(false))).toBeGreaterThan(0);
});

test.each([
  { to: "169.254.169.254", what: "cloud metadata", reason: "LINK_LOCAL" },
  { to: "10.99.2.1", what: "a machine on the management network", reason: "MANAGEMENT" },
  { to: "10.99.2.10", what: "the gateway's management address", reason: "TO_GATEWAY" },
  { to: "10.99.1.10", what: "the gateway's uplink address", reason: "TO_GATEWAY" },
])("a VM cannot reach $what, counted as $reason", async ({ to, reason }) => {
  expect(await dropsDuring(reason, () => expect(pings(vm1, to)).toBe(false))).toBeGreaterThan(0);
});
