import { expect, onTestFinished, test } from "vitest";
import { type KindName, kindOf, kinds } from "../../src/manager/policy/kinds.ts";
import { udhcpc } from "../e2e/dhcp-client.ts";
import { extraVm } from "../e2e/extra-vm.ts";
import { address, gateway, inet, pings, seenBy, status, vm1 } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";
import { kernel } from "./kernel.ts";
import { api, ask, GATEWAY_POLICIES, GROUPS, given, realization, realized, TIER0 } from "./policy.ts";

const SEGMENT = "/infra/segments/app";
const SECURITY_POLICY = "/infra/domains/default/security-policies/inside";
const RULE = `${GATEWAY_POLICIES}/edge/rules/backup`;
const MAC = "02:00:00:00:63:01";

interface Row {
  readonly path: string;
  readonly body: object;
  /** What the kernel has once it is there. Left out: nothing by itself. */
  readonly shows?: string;
}

/** Of every kind one, in an order in which they can be made. Each differs from what the laboratory has. */
const world: readonly Row[] = [
  {
    path: "/infra/services/backup",
    body: {
      service_entries: [
        { resource_type: "L4PortSetServiceEntry", l4_protocol: "UDP", destination_ports: ["4711-4713"] },
      ],
    },
  },
  { path: "/infra/virtual-machines/vm-9", body: { tep_address: "10.99.3.252" } },
  { path: "/infra/dhcp-server-configs/brief", body: { lease_time: 4_000 } },
  { path: "/infra/tier-0s/other", body: {} },
  {
    path: `${TIER0}/static-routes/branch`,
    body: { network: "172.31.0.0/16", next_hops: [{ ip_address: "10.99.3.7", scope: ["downlink"] }] },
    shows: "172.31.0.0/16 via 10.99.3.7 dev downlink0",
  },
  {
    path: `${TIER0}/elastic-ips/third`,
    body: { address: "203.0.113.12", secondaries: { a: "10.99.1.22" } },
    shows: "bpf-entry/canonical_out/cb00710c",
  },
  {
    path: SEGMENT,
    body: {
      connectivity_path: TIER0,
      overlay_id: 9_101,
      mtu: 1_400,
      dhcp_config_path: "/infra/dhcp-server-configs/brief",
      subnets: [{ gateway_address: "192.168.99.1/24", dhcp_ranges: ["192.168.99.50-192.168.99.59"] }],
    },
    shows: "192.168.99.0/24 via 169.254.1.1 dev overlay0",
  },
  {
    path: `${SEGMENT}/ports/app-1`,
    body: {
      attachment: { id: "vm-9" },
      address_bindings: [{ mac_address: "02:00:00:00:63:09", ip_address: "192.168.99.9" }],
    },
    shows: "bpf-entry/teps/0a6303fc",
  },
  // Its interface has its address by the binding that follows.
  { path: `${SEGMENT}/ports/app-2`, body: { attachment: { id: "vm-2" }, address_bindings: [{ mac_address: MAC }] } },
  { path: `${SEGMENT}/dhcp-static-binding-configs/app-2`, body: { ip_address: "192.168.99.7", mac_address: MAC } },
  {
    path: `${TIER0}/nat/USER/nat-rules/out`,
    body: { action: "SNAT", source_network: "192.168.99.0/24", translated_network: address.eip1 },
    shows: "192.168.99.0/24 : 203.0.113.10",
  },
  {
    path: `${GROUPS}/app`,
    body: {
      expression: [
        { resource_type: "IPAddressExpression", ip_addresses: ["198.18.7.0/24"] },
        { resource_type: "ConjunctionOperator", conjunction_operator: "OR" },
        { resource_type: "PathExpression", paths: [SEGMENT] },
      ],
    },
  },
  { path: `${GATEWAY_POLICIES}/edge`, body: { category: "Emergency" } },
  {
    path: RULE,
    body: { action: "REJECT", source_groups: [`${GROUPS}/app`], services: ["/infra/services/backup"] },
    shows: "198.18.7.0/24",
  },
  { path: SECURITY_POLICY, body: { category: "Application" } },
  { path: `${SECURITY_POLICY}/rules/web`, body: { action: "ALLOW" } },
  // A gateway that never was: from now on what is for all gateways waits for it.
  { path: "/infra/gateways/pcg-z", body: { tier0_path: "/infra/tier-0s/other" } },
];

test("the world of this test has every kind of object", () => {
  expect(new Set(world.map(({ path }) => kindOf(path)))).toEqual(new Set(Object.keys(kinds) as KindName[]));
});

test("every kind of object is realized, is in the kernel where it belongs there, and is gone when it is deleted", async () => {
  const before = await kernel();
  const left = world.map(({ path }) => path).reverse();
  onTestFinished(() => {
    for (const path of left) ask("DELETE", path);
  });
  for (const { path, body, shows } of world) {
    const without = await kernel();
    if (path === "/infra/gateways/pcg-z") api("PATCH", path, body);
    else await given(path, body);
    if (shows === undefined) continue;
    expect(without, path).not.toContain(shows);
    expect(await kernel(), path).toContain(shows);
  }

  while (left.length > 0) {
    const path = left[0] ?? "";
    const shows = world.find((row) => row.path === path)?.shows;
    api("DELETE", path);
    left.shift();
    if (shows !== undefined) await expect.poll(kernel, { message: path, timeout: 10_000 }).not.toContain(shows);
  }
  await expect.poll(kernel, { timeout: 10_000 }).toBe(before);
}, 60_000);

test("a VM gets and reaches what the objects together say, and a change of one reaches all that use it", async () => {
  const chain = world.filter(({ path }) => !path.includes("security-policies") && !path.includes("pcg-z"));
  onTestFinished(() => {
    for (const { path } of chain.toReversed()) ask("DELETE", path);
    api("PATCH", TIER0, { mss_clamp: 1_460 });
  });
  for (const { path, body } of chain) api("PATCH", path, body);
  await realized(RULE);
  const vm = extraVm({ vni: 9_101, mac: MAC });
  expect(await udhcpc(vm, { hostname: "app-2" }).heard("bound")).toMatchObject({ ip: "192.168.99.7", lease: "4000" });
  expect(seenBy(vm, `http://${address.inet}/`)).toBe(address.eip1);
  expect(pings(vm, address.vm1)).toBe(true);
  expect(await kernel()).toMatch(/udp dport 4711-4713/);

  const changes: readonly Required<Row>[] = [
    {
      path: "/infra/services/backup",
      body: {
        service_entries: [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["873"] }],
      },
      shows: "tcp dport 873",
    },
    { path: "/infra/virtual-machines/vm-9", body: { tep_address: "10.99.3.253" }, shows: "bpf-entry/teps/0a6303fd" },
    {
      path: `${GROUPS}/app`,
      body: { expression: [{ resource_type: "IPAddressExpression", ip_addresses: ["198.18.8.0/24"] }] },
      shows: "198.18.8.0/24",
    },
    { path: TIER0, body: { mss_clamp: 1_300 }, shows: "maxseg size set 1300" },
    {
      path: `${TIER0}/static-routes/branch`,
      body: { next_hops: [{ ip_address: "10.99.3.8", scope: ["downlink"] }] },
      shows: "172.31.0.0/16 via 10.99.3.8 dev downlink0",
    },
    { path: RULE, body: { disabled: true }, shows: "section-edge" },
  ];
  for (const { path, body, shows } of changes) {
    await given(path, body);
    expect(await kernel(), path).toContain(shows);
  }
});

test("a gateway that is given to another Tier-0 has nothing of the first any more, and all of it when it is back", async () => {
  const before = await kernel();
  onTestFinished(() => {
    ask("PATCH", "/infra/gateways/pcg-a", { tier0_path: TIER0 });
    ask("DELETE", "/infra/tier-0s/other");
  });
  api("PATCH", "/infra/tier-0s/other", {});
  api("PATCH", "/infra/gateways/pcg-a", { tier0_path: "/infra/tier-0s/other" });
  await expect.poll(kernel, { timeout: 10_000 }).not.toContain("192.168.100.0/24");
  expect(pings(vm1, address.inet)).toBe(false);
  api("PATCH", "/infra/gateways/pcg-a", { tier0_path: TIER0 });
  await expect.poll(kernel, { timeout: 10_000 }).toBe(before);
  await until("traffic flows again", () => pings(vm1, address.inet) && pings(inet, address.eip1));
});

test("what contradicts the gateway itself is refused by it with field and value, and the rest goes on", async () => {
  const [path, later] = [`${TIER0}/static-routes/to-itself`, `${TIER0}/static-routes/later`];
  onTestFinished(() => {
    for (const route of [path, later]) ask("DELETE", route);
  });
  // The gateway's own uplink address, which the manager does not know.
  api("PATCH", path, { network: "172.30.0.0/16", next_hops: [{ ip_address: "10.99.1.10" }] });
  const said = await until("the refusal is reported", () => {
    const its = realization(path);
    return its.state === "ERROR" ? its : undefined;
  });
  const why = expect.stringMatching(/\.via: is unit a's own, on its uplink; take .* \(is "10\.99\.1\.10"\)$/);
  expect(said.problems).toEqual([{ gateway: "pcg-a", id: "route/to-itself", why }]);
  await given(later, { network: "172.29.0.0/16" });
  expect(await kernel()).toContain("172.29.0.0/16 via 10.99.1.1 dev uplink0");
  expect((await status()).objects.troubled).toEqual([]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
});

test("what a kernel refuses is an error with the kernel's reason, and the rest goes on", async () => {
  const path = `${TIER0}/static-routes/to-further`;
  const further = "10.99.1.77";
  // One more address of the uplink, which neither manager nor gateway knows.
  gateway.run(`ip address add ${further}/24 dev uplink0`);
  onTestFinished(() => {
    ask("DELETE", path);
    gateway.run(`ip address del ${further}/24 dev uplink0`);
  });
  api("PATCH", path, { network: "172.30.0.0/16", next_hops: [{ ip_address: further }] });
  const said = await until("the refusal is reported", () => {
    const its = realization(path);
    return its.state === "ERROR" ? its : undefined;
  });
  expect(said.problems).toEqual([
    { gateway: "pcg-a", id: "kernel", why: expect.stringMatching(/KERNEL_REFUSED.*add route.*EINVAL/) },
  ]);
  expect((await status()).objects.troubled).toMatchObject([{ key: "route/100/172.30.0.0/16" }]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  await given(path, { next_hops: [{ ip_address: "10.99.1.1" }] });
  expect(await kernel()).toContain("172.30.0.0/16 via 10.99.1.1 dev uplink0");
});

test("what the manager refuses changes nothing, and says which field of what is wrong", async () => {
  const before = await kernel();
  const answer = ask("PUT", `${SEGMENT}2`, {
    connectivity_path: TIER0,
    subnets: [{ gateway_address: "192.168.100.129/25" }],
  });
  expect(answer).toMatchObject({
    status: 400,
    body: { code: "MANAGER_REFUSED", field: "subnets[0].gateway_address", value: "192.168.100.129/25" },
  });
  expect(await kernel()).toBe(before);
});
