import { expect, test } from "vitest";
import { checkDesired, checkUnitConfig } from "../model/check.ts";
import { topology } from "./topology.ts";
import { labWish, unitConfig } from "./wish.ts";

test("labWish is a wish the gateway takes", () => {
  expect(checkDesired(labWish(topology))).toEqual({ ok: true, value: labWish(topology) });
});

test.each(["manager", "file"] as const)("unitConfig of gateways told by a %s is one they take", (wishing) => {
  for (const unit of topology.units)
    expect(checkUnitConfig(unitConfig(topology, unit, wishing))).toMatchObject({
      ok: true,
      value: { unit: unit.name },
    });
});

test("labWish binds vm-1 by DHCP to the address its Elastic IP is 1:1 for, and leaves vm-2 to the range", () => {
  const { dhcp, endpoints, elasticIps } = labWish(topology);
  expect(dhcp?.[0]?.bindings).toEqual([{ mac: "02:00:00:00:64:01", ip: "192.168.100.3" }]);
  expect(elasticIps?.map(({ overlayIp }) => overlayIp)).toEqual(["192.168.100.3", undefined]);
  expect(endpoints.map(({ ip }) => ip)).toEqual(["192.168.100.3", undefined]);
});
