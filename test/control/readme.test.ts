import { expect, onTestFinished, test } from "vitest";
import { udhcpc } from "../e2e/dhcp-client.ts";
import { extraVm } from "../e2e/extra-vm.ts";
import { address, gateway, inet, pings, seenBy } from "../e2e/nodes.ts";
import { kernel } from "./kernel.ts";
import { api, GATEWAY_POLICIES, TIER0 } from "./policy.ts";
import { managerShell, readmeScript } from "./readme-script.ts";

/** What the Internet host gets from the published port. */
const published = (): string => inet.run(`curl -s --max-time 0.7 http://${address.pat}:8080/ || true`).trim();
const GREETING = `hello from vm-1, you are ${address.inet}`;

test("the README's script, pasted step by step: each is in the kernel and does what it says when it has returned", async () => {
  const { setUp, steps } = readmeScript();
  const before = await kernel();
  const shell = managerShell();
  onTestFinished(() => shell.stop());
  await shell.paste(setUp);
  const expected: Readonly<Record<string, () => Promise<void>>> = {
    "A second segment with DHCP on the Tier-0, and an interface of vm-2 on it.": async () => {
      expect(gateway.run("ip route show table 100")).toContain("192.168.99.0/24");
      const vm = extraVm({ vni: 9101, mac: "02:00:00:00:63:01" });
      const { ip = "" } = await udhcpc(vm, { hostname: "app-1" }).heard("bound");
      expect(ip).toMatch(/^192\.168\.99\.5\d$/);
      expect(seenBy(vm, `http://${address.vm1}/`)).toBe(ip);
      expect(pings(vm, "192.168.99.1")).toBe(true);
      expect(published()).toBe("");
    },
    "Port 8080 of the Elastic IP that everyone shares becomes port 80 of vm-1.": async () => {
      expect(await kernel()).toMatch(/203\.0\.113\.11.*8080.*192\.168\.100\.3/);
      expect(published()).toBe(GREETING);
    },
    "The Internet host may not.": async () => {
      expect(await kernel()).toMatch(/ip saddr 198\.51\.100\.10 .*rule-edge\.inet.* drop/);
      expect(published()).toBe("");
    },
    "Now it may.": async () => {
      expect(await kernel()).toMatch(/ip saddr 198\.51\.100\.10 .*rule-edge\.inet.* goto follow/);
      expect(published()).toBe(GREETING);
    },
  };
  onTestFinished(async () => {
    for (const path of [
      ...[`${GATEWAY_POLICIES}/edge`, `${TIER0}/nat/USER/nat-rules/web`, "/infra/services/http-8080"],
      ...["/infra/segments/app/ports/app-1", "/infra/segments/app"],
    ])
      api("DELETE", path);
    await expect.poll(kernel, { timeout: 10_000 }).toBe(before);
  });
  expect([...steps.keys()]).toEqual(Object.keys(expected));
  for (const [says, step] of steps) {
    await shell.paste(step);
    await expected[says]?.();
  }
});
