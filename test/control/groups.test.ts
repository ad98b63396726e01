import { expect, onTestFinished, test } from "vitest";
import { address, inet, pings, seenBy, vm1, vm2 } from "../e2e/nodes.ts";
import { api, ask, GATEWAY_POLICIES, GROUPS, given, realized } from "./policy.ts";

const POLICY = `${GATEWAY_POLICIES}/tags`;
const RULE = `${POLICY}/rules/no-web`;
const GROUP = `${GROUPS}/quarantined`;
const machine = (name: string) => `/infra/virtual-machines/${name}`;

const quarantined = [{ scope: "state", tag: "quarantine" }];

/** What each VM gets from the Internet host's web server: whom it saw, "" where nobody answered. */
const reach = () =>
  [vm1, vm2].map((vm) => vm.run(`curl -s --max-time 0.7 http://${address.inet}/ || true`).trim().split(" ").at(-1));

test("a gateway rule for a group goes where the tag goes: on one VM, on the other, on both, on none", async () => {
  onTestFinished(async () => {
    for (const vm of ["vm-1", "vm-2"]) api("PATCH", machine(vm), { tags: [] });
    for (const path of [POLICY, GROUP]) ask("DELETE", path);
    await expect.poll(() => pings(vm1, address.inet) && pings(vm2, address.inet)).toBe(true);
  });
  await given(GROUP, {
    expression: [
      {
        ...{ resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS" },
        value: "state|quarantine",
      },
    ],
  });
  await given(POLICY, { category: "Emergency" });
  await given(RULE, { action: "DROP", direction: "OUT", source_groups: [GROUP] });
  expect(reach()).toEqual([address.eip1, address.pat]);

  await given(machine("vm-1"), { tags: quarantined });
  expect(reach()).toEqual(["", address.pat]);
  // Only the rule's direction: what comes from outside is answered.
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);

  // Its address is known from its DHCP lease, which the gateway reported.
  await given(machine("vm-2"), { tags: quarantined });
  expect(reach()).toEqual(["", ""]);

  await given(machine("vm-1"), { tags: [] });
  expect(reach()).toEqual([address.eip1, ""]);

  await given(machine("vm-2"), { tags: [{ scope: "state", tag: "well" }] });
  expect(reach()).toEqual([address.eip1, address.pat]);
  await realized(RULE);
});
