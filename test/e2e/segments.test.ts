import { expect, onTestFinished, test } from "vitest";
import type { Namespace } from "../kernel/namespace.ts";
import { udhcpc } from "./dhcp-client.ts";
import { extraVm, VM2_TEP } from "./extra-vm.ts";
import { address, dropsDuring, host, inet, pings, seenBy, status, vm1, wish } from "./nodes.ts";

const APP = { id: "app", name: "Application servers", vni: 9101, gateway: "192.168.99.1/24", mtu: 1_400 } as const;
const MAC = "02:00:00:00:63:01";

/** A second segment with a VM on it that has its address by DHCP. */
async function appVm(): Promise<{ vm: Namespace; ip: string }> {
  onTestFinished(
    await wish((want) => ({
      segments: [...want.segments, APP],
      endpoints: [...want.endpoints, { segment: APP.id, mac: MAC, tep: VM2_TEP }],
      dhcp: [
        ...(want.dhcp ?? []),
        { id: APP.id, segment: APP.id, ranges: [{ first: "192.168.99.50", last: "192.168.99.59" }] },
      ],
    })),
  );
  const vm = extraVm({ vni: APP.vni, mac: MAC });
  const { ip = "" } = await udhcpc(vm, { hostname: "app-1" }).heard("bound");
  return { vm, ip };
}

test("a second segment has its own DHCP, gateway address and MTU, and is routed to the first and the Internet", async () => {
  const { vm, ip } = await appVm();
  expect(ip).toMatch(/^192\.168\.99\.5\d$/);
  expect(vm.run("ip link show eth0")).toContain("mtu 1400");
  expect((await status()).endpoints.find((e) => e.mac === MAC)).toMatchObject({ ip, vni: APP.vni, from: "lease" });
  expect(pings(vm, "192.168.99.1")).toBe(true);
  expect(pings(vm, address.gateway)).toBe(true);
  expect(vm.run("ip neigh show 192.168.99.1")).toContain("02:50:56:56:44:52");
  expect(seenBy(vm, `http://${address.vm1}/`)).toBe(ip);
  expect(vm.run(`ping -c 1 -W 1 ${address.vm1}`)).toContain("ttl=63");
  expect(pings(vm1, ip)).toBe(true);
  expect(seenBy(vm, `http://${address.inet}/`)).toBe(address.pat);
  expect(seenBy(vm, `http://${address.eip1}/`)).toBe(address.pat);
  expect(seenBy(vm, `http://${address.host}/`)).toBe(ip);
  expect(pings(host, ip)).toBe(true);
});

test("each segment's gateway answers ARP on it for its own address only", async () => {
  const { vm } = await appVm();
  vm.run("ip route add 192.168.100.1/32 dev eth0");
  expect(await dropsDuring("ARP_UNANSWERED", () => expect(pings(vm, address.gateway)).toBe(false))).toBeGreaterThan(0);
});

test("a segment that is no longer wished is gone at once, and comes back", async () => {
  const { vm, ip } = await appVm();
  expect(pings(vm, address.inet)).toBe(true);
  const back = await wish((want) => ({
    segments: want.segments.filter((s) => s.id !== APP.id),
    endpoints: want.endpoints.filter((e) => e.segment !== APP.id),
    dhcp: (want.dhcp ?? []).filter((d) => d.segment !== APP.id),
  }));
  expect(await dropsDuring("UNKNOWN_VNI", () => expect(pings(vm, address.inet)).toBe(false))).toBeGreaterThan(0);
  await back();
  expect(pings(vm, address.inet)).toBe(true);
  expect((await status()).endpoints.find((e) => e.mac === MAC)).toMatchObject({ ip });
});

/** What ping says when a router on the way refuses the size. */
const refusal = (from: Namespace, to: string): string => from.run(`ping -c 1 -W 1 -M do -s 1450 ${to} || true`);

test("a segment's smaller MTU is told to who sends more, from the VPC, another segment and the Internet", async () => {
  const { ip } = await appVm();
  onTestFinished(() => {
    for (const node of [host, inet, vm1]) node.run("ip route flush cache");
  });
  expect(refusal(host, ip)).toMatch(/mtu = 1400/);
  expect(refusal(vm1, ip)).toMatch(/From 192\.168\.100\.1 .*mtu = 1400/);
  onTestFinished(
    await wish((want) => ({ segments: want.segments.map((s) => (s.id === "web" ? { ...s, mtu: 1_400 } : s)) })),
  );
  expect(refusal(inet, address.eip1)).toMatch(/From 203\.0\.113\.10 .*mtu = 1400/);
});
