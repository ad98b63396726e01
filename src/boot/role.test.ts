import { expect, test } from "vitest";
import { BootWorld } from "../../test/boot-world.ts";
import { assignRoles } from "./role.ts";

test("assignRoles gives no interface two roles, whatever the metadata say", async () => {
  const world = new BootWorld();
  const metadata = world.metadata();
  await world.pass(1_000);
  const { interfaces } = await metadata;
  const [management, uplink, downlink] = interfaces;
  if (!management || !uplink || !downlink) throw new TypeError("three interfaces");
  expect(assignRoles(interfaces, world.present).problems).toEqual([]);
  expect(assignRoles([management, uplink, { ...downlink, mac: uplink.mac }], world.present).problems).toEqual([
    {
      code: "BOOT_ENI_AMBIGUOUS",
      what: `uplink and downlink are one interface, ens5 (${uplink.mac})`,
      remedy: "attach an ENI for each of the three roles",
    },
  ]);
});
