import { expect, test } from "vitest";
import { given, isConnected, segment } from "../control/policy.ts";
import { address, inet, lab, seenBy, vm1 } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";
import { churn, churnSegment } from "./lease-churn.ts";
import { asRoot, cutPower, onUnit, powerOn, unitStatus } from "./unit.ts";

/** Each takes a boot. */
const CUTS = Number(process.env["PCG_POWER_CUTS"] ?? 1);
/** Leases between two cuts: never the same number, so that another write is under way. */
const LEASES = [3, 7, 4, 11, 5, 2, 9, 6, 8, 10] as const;

test(`power that fails ${CUTS} times in the middle of writes takes no lease and no state with it`, async () => {
  const vm = await churnSegment();
  const promised: string[] = [];
  for (let cut = 0; cut < CUTS; cut++) {
    const clients = churn(vm, promised.length + 2 * cut);
    await until("leases are given", () => clients.acknowledged().length >= (LEASES[cut % LEASES.length] ?? 3), 60_000);
    await given(`/infra/segments/cut-${cut}`, segment(130 + cut));
    cutPower();
    await clients.stop();
    promised.push(...clients.acknowledged());
    // What it knows, it knows from its disk.
    lab("stop nsx-manager --kill");

    powerOn();
    await until("traffic flows", () => seenBy(inet, `http://${address.eip1}/`) === address.inet, 60_000);
    expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
    const held = unitStatus().dhcp.leases.map(({ mac, ip }) => `${mac} ${ip}`);
    expect(promised.filter((lease) => !held.includes(lease))).toEqual([]);
    for (let n = 0; n <= cut; n++) expect(asRoot("ip route show table 100")).toContain(`192.168.${130 + n}.0/24`);
    expect(onUnit("systemctl list-units --failed --plain --no-legend")).toBe("");
    lab("start nsx-manager");
    await until("the gateway is connected", isConnected, 60_000);
  }
  expect(promised.length).toBeGreaterThan(2 * CUTS);
});
