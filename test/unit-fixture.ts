import type { Unit } from "../src/model/unit.ts";
import { unitOf } from "../src/model/unit-of.ts";

/** Unit `a` as the laboratory has it, for tests of pure functions. */
export const aUnit: Unit = unitOf(
  {
    unit: "a",
    interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
    tep: { address: "10.99.3.44", label: 12300 },
  },
  [
    { name: "uplink0", index: 2, mac: "02:00:00:00:01:0a", addresses: ["10.99.1.10/24"] },
    { name: "downlink0", index: 3, mac: "02:00:00:00:03:2c", addresses: ["10.99.3.44/24"] },
    { name: "mgmt0", index: 4, mac: "02:00:00:00:02:0a", addresses: ["10.99.2.10/24"] },
  ],
);
