import { expect, onTestFinished, test } from "vitest";
import type { DhcpServer } from "../../src/model/dhcp.ts";
import { until } from "../kernel/namespace.ts";
import { dhcpcd, udhcpc } from "./dhcp-client.ts";
import { extraVm, VM2_TEP } from "./extra-vm.ts";
import { address, dropped, killAndRestart, pings, seenBy, status, wish } from "./nodes.ts";

const SMALL = { id: "small", name: "small", vni: 9100, gateway: "192.168.97.1/24" };

/** Until the test ends, more of the web segment's DHCP server, and an interface on it with an address by lease only. */
async function given(mac: string, server: Partial<DhcpServer> = {}): Promise<void> {
  onTestFinished(
    await wish((want) => ({
      endpoints: [...want.endpoints, { segment: "web", mac, tep: VM2_TEP }],
      dhcp: (want.dhcp ?? []).map((d) => ({ ...d, ...server, options: { ...d.options, ...server.options } })),
    })),
  );
}

const lease = async (mac: string) => (await status()).dhcp.leases.find((l) => l.mac === mac);
const bound = (mac: string) =>
  until(`${mac} is bound`, async () => {
    const found = await lease(mac);
    return found?.state === "bound" ? found : undefined;
  });

const wished: Partial<DhcpServer> = {
  leaseSeconds: 7_200,
  options: {
    dns: ["10.99.0.2", "192.0.2.53"],
    domain: "corp.example",
    mtu: 8_000,
    ntp: ["192.0.2.123"],
    searchDomains: ["corp.example", "web.lab.example"],
    classlessRoutes: [
      { prefix: "0.0.0.0/0", via: "192.168.100.1" },
      { prefix: "10.20.0.0/15", via: "192.168.100.1" },
    ],
  },
};

test("udhcpc gets every option that is wished, and status shows its lease", async () => {
  const mac = "02:00:00:00:66:11";
  await given(mac, wished);
  const vm = extraVm({ vni: 9096, mac });
  const client = udhcpc(vm, { hostname: "options", options: "-O staticroutes -O search -O ntpsrv" });
  const heard = await client.heard("bound");
  expect(heard).toMatchObject({
    lease: "7200",
    serverid: "192.168.100.1",
    subnet: "255.255.255.0",
    dns: "10.99.0.2 192.0.2.53",
    domain: "corp.example",
    mtu: "8000",
    ntpsrv: "192.0.2.123",
    search: "corp.example web.lab.example",
    staticroutes: "0.0.0.0/0 192.168.100.1 10.20.0.0/15 192.168.100.1",
  });
  const found = await bound(mac);
  expect(found).toMatchObject({ segment: "web", ip: heard["ip"], hostname: "options" });
  expect(Date.parse(found.expires ?? "") - Date.parse(found.starts)).toBe(7_200_000);
  await until("the address is set", () => vm.run("ip -4 -br addr show eth0").includes(heard["ip"] ?? "none"));
  expect(vm.run("ip route show 10.20.0.0/15")).toContain("via 192.168.100.1");
  expect(vm.run("ip link show eth0")).toContain("mtu 8000");
});

test("dhcpcd gets the same ones", async () => {
  const mac = "02:00:00:00:66:12";
  await given(mac, wished);
  const heard = await dhcpcd(extraVm({ vni: 9096, mac })).heard("BOUND");
  expect(heard).toMatchObject({
    new_dhcp_lease_time: "7200",
    new_dhcp_server_identifier: "192.168.100.1",
    new_domain_name_servers: "10.99.0.2 192.0.2.53",
    new_domain_name: "corp.example",
    new_domain_search: "corp.example web.lab.example",
    new_interface_mtu: "8000",
    new_ntp_servers: "192.0.2.123",
    new_classless_static_routes: "0.0.0.0/0 192.168.100.1 10.20.0.0/15 192.168.100.1",
  });
  expect(await bound(mac)).toMatchObject({ ip: heard["new_ip_address"] });
});

test("a VM whose address is not wished sends nothing before its lease, all after it, and nothing after giving it back", async () => {
  const mac = "02:00:00:00:66:13";
  await given(mac);
  const vm = extraVm({ vni: 9096, mac });
  vm.run("ip addr add 192.168.100.150/24 dev eth0; ip route add default via 192.168.100.1");
  const before = await dropped("SPOOFED_IP");
  expect(pings(vm, address.inet)).toBe(false);
  expect(await dropped("SPOOFED_IP")).toBeGreaterThan(before);
  vm.run("ip addr flush dev eth0");

  const client = udhcpc(vm, { hostname: "waiting" });
  const { ip } = await client.heard("bound");
  await until("it reaches the Internet", () => pings(vm, address.inet));
  expect(seenBy(vm, `http://${address.inet}/`)).toBe(address.pat);
  expect((await status()).endpoints.find((e) => e.mac === mac)).toMatchObject({ ip, from: "lease" });

  client.signal("SIGUSR2");
  await until("the lease is given back", async () => (await lease(mac))?.state === "released");
  vm.run(`ip link set eth0 up; ip addr replace ${ip}/24 dev eth0; ip route replace default via 192.168.100.1`);
  expect(pings(vm, address.inet)).toBe(false);
  expect((await status()).endpoints.find((e) => e.mac === mac)).toMatchObject({ ip: null });

  client.forget("bound");
  client.signal("SIGUSR1");
  expect((await client.heard("bound"))["ip"]).toBe(ip);
});

test("a lease outlives kill -9 of pcgd, and is renewed by its successor", async () => {
  const mac = "02:00:00:00:66:14";
  await given(mac);
  const vm = extraVm({ vni: 9096, mac });
  const client = udhcpc(vm, { hostname: "survivor" });
  const { ip } = await client.heard("bound");
  await bound(mac);
  killAndRestart("pcgd");
  await until("pcgd has realized again", async () => (await status()).desired.realized !== null);
  expect(await lease(mac)).toMatchObject({ ip, state: "bound" });
  expect(pings(vm, address.inet)).toBe(true);
  client.signal("SIGUSR1");
  expect((await client.heard("renew"))["ip"]).toBe(ip);
  expect((await status()).dhcp.sent).toMatchObject({ ACK: 1, OFFER: 0, NAK: 0 });
});

test("a VM that starts another system, with another client identifier, is let send with the address that one gets", async () => {
  const mac = "02:00:00:00:66:15";
  await given(mac);
  const vm = extraVm({ vni: 9096, mac });
  const first = udhcpc(vm, { hostname: "first", options: "-x 0x3d:01aaaaaa" });
  await first.heard("bound");
  await until("the first reaches the Internet", () => pings(vm, address.inet));
  first.signal("SIGKILL");
  await first.exited;
  vm.run("ip addr flush dev eth0");
  const second = udhcpc(vm, { hostname: "second", options: "-x 0x3d:01bbbbbb" });
  await second.heard("bound");
  await until("the second reaches the Internet", () => pings(vm, address.inet));
  second.signal("SIGKILL");
  await second.exited;
  vm.run("ip addr flush dev eth0");
  await udhcpc(vm, { hostname: "first", options: "-x 0x3d:01aaaaaa" }).heard("bound");
  await until("the first does again", () => pings(vm, address.inet));
});

test("a pool of one address has nothing for the second client, which is counted", async () => {
  const [mac, otherMac] = ["02:00:00:00:66:21", "02:00:00:00:66:22"] as const;
  onTestFinished(
    await wish((want) => ({
      segments: [...want.segments, SMALL],
      endpoints: [...want.endpoints, ...[mac, otherMac].map((m) => ({ segment: SMALL.id, mac: m, tep: VM2_TEP }))],
      dhcp: [
        ...(want.dhcp ?? []),
        { id: SMALL.id, segment: SMALL.id, ranges: [{ first: "192.168.97.7", last: "192.168.97.7" }] },
      ],
    })),
  );
  const first = udhcpc(extraVm({ vni: SMALL.vni, mac }), { hostname: "only" });
  expect((await first.heard("bound"))["ip"]).toBe("192.168.97.7");
  const before = (await status()).dhcp.dropped["POOL_EXHAUSTED"] ?? 0;
  const second = udhcpc(extraVm({ vni: SMALL.vni, mac: otherMac }), { hostname: "too-many", options: "-n" });
  expect(await second.exited).not.toBe(0);
  expect(second.has("bound")).toBe(false);
  const { dropped: drops, pools } = (await status()).dhcp;
  expect(drops["POOL_EXHAUSTED"]).toBe(before + 3);
  expect(pools.find((p) => p.segment === SMALL.id)).toMatchObject({ size: 1, free: 0 });
  first.signal("SIGUSR2");
  await until("the address is free again", async () => (await lease(mac))?.state !== "bound");
});
