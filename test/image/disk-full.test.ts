import { expect, onTestFinished, test } from "vitest";
import { address, inet, seenBy, vm1 } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";
import { churn, churnSegment } from "./lease-churn.ts";
import { asRoot, unitStatus } from "./unit.ts";

test("a full disk stops new leases and nothing else, is said, and is over when there is room", async () => {
  const vm = await churnSegment();
  asRoot("head -c 100G /dev/zero >/var/fill 2>/dev/null || true");
  onTestFinished(() => void asRoot("rm -f /var/fill"));
  const held = unitStatus().dhcp.leases.length;
  const clients = churn(vm, 100);
  await until(
    "pcgd says why",
    () => asRoot("journalctl -b -u pcgd --no-pager | grep -ci 'full' || true").trim() !== "0",
    120_000,
  );
  expect(clients.acknowledged()).toEqual([]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
  await until("the self-test says it", () => asRoot("pcg-boot selftest || true").includes("failed   disk"), 60_000);

  asRoot("rm /var/fill");
  await until("leases are given again", () => clients.acknowledged().length > 2, 120_000);
  expect(unitStatus().dhcp.leases.length).toBeGreaterThan(held);
  await clients.stop();
});
