import { expect, onTestFinished, test } from "vitest";
import { address, gateway, inet, LAB, lab, labProcess, pcgd, pings, seenBy, status, vm1, vm2 } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";
import { kernel, kernelSocket } from "./kernel.ts";
import { ask, given, isConnected, segment } from "./policy.ts";

const LATER = "/infra/segments/s54";

/** As a reboot leaves a gateway: with its disk, and with nothing in its kernel. */
function loseAll(): void {
  process.kill(labProcess("pcgd-a"), "SIGKILL");
  pcgd(`cleanup --kernel ${kernelSocket}`);
  process.kill(labProcess("pcg-kernel-a"), "SIGKILL");
  gateway.run("conntrack -F 2>/dev/null; ip neigh flush all");
  sh(`find /run/pcg-${LAB}/a/bpf -mindepth 1 -maxdepth 1 ! -name '*.debug' -exec rm -r {} +`);
}

const start = (...daemons: string[]) => {
  for (const daemon of daemons) lab(`start ${daemon}`);
};

test("a gateway that reboots while the manager is away does as before, from its own disk, and hears of news later", async () => {
  const before = await kernel();
  onTestFinished(() => void ask("DELETE", LATER));
  lab("stop nsx-manager --kill");
  loseAll();
  expect(gateway.run("nft list ruleset; ip -4 rule; ip link")).not.toMatch(/table ip pcg|lookup 100|overlay0/);
  expect(pings(vm1, address.inet)).toBe(false);

  start("pcg-kernel", "pcgd");
  await until("the gateway has realized", async () => (await status()).desired.realized !== null);
  await until("traffic flows", () => pings(inet, address.eip1));
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  expect(seenBy(vm2, `http://${address.inet}/`)).toBe(address.pat);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
  expect(await kernel()).toBe(before);

  start("nsx-manager");
  await until("the gateway is connected", isConnected);
  await given(LATER, segment(54));
  expect(await kernel()).toContain("192.168.54.0/24 via");
  sh(`! grep -q refused /run/pcg-${LAB}/pcg-kernel-a.log`);
});
