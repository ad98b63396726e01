import { expect, test } from "vitest";
import { parseIpv4 } from "../net/ipv4.ts";
import { contains, parsePrefix } from "../net/prefix.ts";
import { labPaths } from "./lab-paths.ts";
import { labNodes } from "./nodes.ts";
import { addressesOf, allEnis, macOf, subnetOf, topology } from "./topology.ts";

const enis = allEnis(topology);
const unlike = (values: readonly string[]) => new Set(values).size === values.length;

test("topology gives every ENI addresses of its subnet, and none twice", () => {
  for (const { eni } of enis) {
    const subnet = parsePrefix(subnetOf(topology, eni.subnet).prefix);
    for (const address of addressesOf(eni)) expect(contains(subnet, parseIpv4(address)), address).toBe(true);
  }
  expect(unlike(enis.flatMap(({ eni }) => addressesOf(eni)))).toBe(true);
});

test("allEnis names ports and MACs without repeating one, short enough for the kernel", () => {
  expect(unlike(enis.map(({ port }) => port))).toBe(true);
  expect(unlike(enis.map(({ eni }) => macOf(eni)))).toBe(true);
  expect(enis.filter(({ port, interface: inner }) => Math.max(port.length, inner.length) > 15)).toEqual([]);
});

test("topology has each Elastic IP's secondary addresses on that unit's uplink", () => {
  for (const { secondary } of topology.elasticIps)
    for (const [name, address] of Object.entries(secondary))
      expect(topology.units.find((unit) => unit.name === name)?.uplink.secondaries).toContain(address);
});

test("macOf writes an address into a MAC of its own range", () => {
  expect(macOf({ address: "10.99.1.10" })).toBe("02:ec:0a:63:01:0a");
});

test.each(["", "Lab", "lab-2", "../x", "9lab", "abcdefghijklm"])("labPaths refuses the name %j", (name) => {
  expect(() => labPaths(name)).toThrow("LAB_FAILED");
});

test("labNodes leads a VM's name to its workload, and its underlay name to its place in the VPC", () => {
  const namespaces = Object.fromEntries(
    labNodes(topology, labPaths("x"), { wishing: "manager" }).map((n) => [n.name, n.namespace]),
  );
  expect(namespaces).toMatchObject({ "vm-1": "x-vm-1-nsx", "vm-1-underlay": "x-vm-1", "pcg-a": "x-pcg-a" });
});
