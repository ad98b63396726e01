import { type OwnUnit, ownUnitOf } from "../src/kernel/own-unit.ts";
import type { Unit, UnitConfig } from "../src/model/unit.ts";
import { unitOf } from "../src/model/unit-of.ts";

const config: UnitConfig = {
  unit: "a",
  interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
  tep: { address: "10.99.3.44", label: 12300 },
};

const found = [
  { name: "uplink0", index: 2, mac: "02:00:00:00:01:0a", mtu: 9001, addresses: ["10.99.1.10/24"] },
  { name: "downlink0", index: 3, mac: "02:00:00:00:03:2c", mtu: 9001, addresses: ["10.99.3.44/24"] },
  { name: "mgmt0", index: 4, mac: "02:00:00:00:02:0a", mtu: 9001, addresses: ["10.99.2.10/24"] },
];

/** Unit `a` as the laboratory has it, for tests of pure functions. */
export const aUnit: Unit = unitOf(config, found);

/** The same unit as pcg-kernel sees it. */
export const ownUnit: OwnUnit = ownUnitOf(config, found);
