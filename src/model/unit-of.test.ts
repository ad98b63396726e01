import { expect, test } from "vitest";
import type { UnitConfig } from "./unit.ts";
import { unitOf } from "./unit-of.ts";

const config: UnitConfig = {
  unit: "a",
  interfaces: {
    uplink: { mac: "02:00:00:00:01:0A" },
    downlink: { name: "ens6" },
    management: { name: "ens7", gateway: "10.99.2.9" },
  },
  tep: { address: "10.99.3.44" },
};
const found = [
  { name: "ens5", index: 2, mac: "02:00:00:00:01:0a", mtu: 9001, addresses: ["10.99.1.10/24"] },
  { name: "ens6", index: 3, mac: "02:00:00:00:03:2c", mtu: 9001, addresses: ["10.99.3.45/24", "10.99.3.44/24"] },
  { name: "ens7", index: 4, mac: "02:00:00:00:02:0a", mtu: 9001, addresses: ["10.99.2.10/24"] },
];

test("unitOf finds interfaces by name or MAC, the tunnel's own address, and the VPC router on each subnet", () => {
  const unit = unitOf(config, found);
  expect(unit.uplink).toMatchObject({ name: "ens5", index: 2, gateway: 0x0a630101 });
  expect(unit.downlink.address).toEqual({ address: 0x0a63032c, length: 24 });
  expect(unit.management.gateway).toBe(0x0a630209);
  expect(unit.geneve).toEqual({
    port: 6081,
    optionClass: 0x0104,
    optionType: 0x80,
    checksum: "zero",
    dscp: "inherit",
    ttl: 64,
  });
});

test.each([
  { without: "an interface", list: found.slice(1), says: "role=uplink" },
  {
    without: "the tunnel's address",
    list: found.map((f) => ({ ...f, addresses: f.addresses.slice(0, 1) })),
    says: "does not have the tep address 10.99.3.44",
  },
  {
    without: "any address",
    list: found.map((f) => (f.index === 4 ? { ...f, addresses: [] } : f)),
    says: "it has no IPv4 address",
  },
])("unitOf without $without says which role misses what", ({ list, says }) => {
  expect(() => unitOf(config, list)).toThrow(says);
});

test("unitOf refuses one NIC for two roles, though it is named by name and by MAC", () => {
  const shared = { ...config, interfaces: { ...config.interfaces, management: { mac: "02:00:00:00:01:0a" } } };
  expect(() => unitOf(shared, found)).toThrow(/INTERFACE_SHARED.*role=uplink.*other=management.*interface=ens5/);
});
