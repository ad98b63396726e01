import { beforeAll, expect, test } from "vitest";
import { author, goodTree, PolicyWorld } from "../../../test/policy-world.ts";
import { patch, put, remove } from "./edit.ts";
import { patchTree } from "./hierarchy.ts";

const SEGMENTS = 400;
const PORTS_EACH = 250;

const world = new PolicyWorld();

const hex = (n: number) => n.toString(16).padStart(2, "0");

/** Written as they are stored; making them by edits would take the longest. */
function fill(): void {
  for (let s = 0; s < SEGMENTS; s++) {
    const path = `/infra/segments/s${s}`;
    const [b, c] = [s >> 8, s & 255];
    world.documents.set(path, {
      ...{ resource_type: "Segment", id: `s${s}`, path, parent_path: "/infra", display_name: `s${s}`, _revision: 0 },
      ...{ connectivity_path: "/infra/tier-0s/t0", overlay_id: 10_000 + s },
      subnets: [{ gateway_address: `172.${16 + b}.${c}.1/24` }],
    });
    for (let p = 0; p < PORTS_EACH; p++) {
      const port = `${path}/ports/p${p}`;
      world.documents.set(port, {
        ...{
          resource_type: "SegmentPort",
          id: `p${p}`,
          path: port,
          parent_path: path,
          display_name: `p${p}`,
          _revision: 0,
        },
        attachment: { id: "vm-2" },
        address_bindings: [
          { mac_address: `02:00:00:${hex(b)}:${hex(c)}:${hex(p)}`, ip_address: `172.${16 + b}.${c}.${p + 2}` },
        ],
      });
    }
  }
}

beforeAll(() => {
  world.apply(patchTree(goodTree, author));
  fill();
  world.index.changed([...world.documents.under("/infra/segments/")].map(([key]) => key));
});

const port = (mac: string, ip: string) => ({
  attachment: { id: "vm-1" },
  address_bindings: [{ mac_address: mac, ip_address: ip }],
});
const tier0 = "/infra/tier-0s/t0";
const web = "/infra/domains/default/groups/web";

test.each([
  {
    what: "a new port",
    change: put("/infra/segments/s7/ports/new", port("02:00:00:00:ff:01", "172.16.7.254"), author),
  },
  { what: "a port", change: patch("/infra/segments/s7/ports/p3", port("02:00:00:00:ff:02", "172.16.7.253"), author) },
  { what: "one less", change: remove("/infra/segments/s7/ports/p4") },
  { what: "a VM", change: patch("/infra/virtual-machines/vm-2", { os_name: "Debian" }, author) },
  { what: "a segment's MTU", change: patch("/infra/segments/s7", { mtu: 1500 }, author) },
  {
    what: "a new segment",
    change: put(
      "/infra/segments/new",
      { connectivity_path: tier0, subnets: [{ gateway_address: "10.0.0.1/24" }] },
      author,
    ),
  },
  {
    what: "an Elastic IP",
    change: put(
      `${tier0}/elastic-ips/e`,
      { address: "203.0.113.77", secondaries: { a: "10.9.9.9" }, overlay_ip: "172.16.9.9" },
      author,
    ),
  },
  { what: "a route", change: put(`${tier0}/static-routes/r`, { network: "192.0.2.0/24" }, author) },
  {
    what: "a group",
    change: patch(web, { expression: [{ resource_type: "PathExpression", paths: ["/infra/segments/s7"] }] }, author),
  },
  { what: "a Tier-0", change: patch(tier0, { mss_clamp: 1400 }, author) },
])("an edit of $what among 100,000 ports reads 20 documents at most", ({ change }) => {
  world.documents.reads = 0;
  expect(world.refusal(change)).toEqual([]);
  expect(world.documents.reads).toBeLessThanOrEqual(20);
});
