import { expect, onTestFinished, test } from "vitest";
import { until } from "../kernel/namespace.ts";
import { udhcpc } from "./dhcp-client.ts";
import { extraVm, VM2_TEP } from "./extra-vm.ts";
import { address, gateway, host, pings, vm1, vm2, wish } from "./nodes.ts";

const carries = (link: string, mtu: number) =>
  until(`${link} carries ${mtu}`, () => gateway.run(`ip link show ${link}`).includes(`mtu ${mtu} `));

/** As on an instance whose NICs have no jumbo frames. */
async function narrowDownlink(): Promise<void> {
  gateway.run("ip link set downlink0 mtu 1500");
  onTestFinished(async () => {
    gateway.run("ip link set downlink0 mtu 9001");
    await carries("overlay0", 8943);
    for (const node of [vm1, vm2, host]) node.run("ip route flush cache");
  });
  await carries("overlay0", 1442);
}

const upload = (bytes: number) =>
  `head -c ${bytes} /dev/zero | curl -s --max-time 20 --data-binary @- -o /dev/null -w '%{http_code}' http://${address.inet}/`;

test("the overlay follows the downlink's MTU: DHCP offers what fits, TCP passes, a larger packet is answered", async () => {
  const mac = "02:00:00:00:66:31";
  onTestFinished(await wish((want) => ({ endpoints: [...want.endpoints, { segment: "web", mac, tep: VM2_TEP }] })));
  await narrowDownlink();

  const vm = extraVm({ vni: 9096, mac });
  const heard = await udhcpc(vm, { hostname: "narrow" }).heard("bound");
  expect(heard["mtu"]).toBe("1442");
  await until("it reaches the Internet", () => pings(vm, address.inet));
  expect(vm.run(upload(1_000_000))).toMatch(/^[2-5]\d\d$/);
  // vm-1 still thinks that 8,943 bytes pass: its segments are kept small from outside.
  expect(vm1.run(upload(1_000_000))).toMatch(/^[2-5]\d\d$/);

  expect(host.run(`ping -c 1 -W 1 -M do -s 1472 ${address.vm1} || true`)).toMatch(/mtu = 1442/);
  expect(pings(host, address.vm1, "-M do -s 1414")).toBe(true);
});
