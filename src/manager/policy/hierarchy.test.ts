import { expect, test } from "vitest";
import { author, goodTree, goodWorld, PolicyWorld } from "../../../test/policy-world.ts";
import { patchTree } from "./hierarchy.ts";
import { listObjects, readObject } from "./read.ts";
import { readTree, treeInSteps } from "./read-tree.ts";

const infra = (...children: unknown[]) => patchTree({ resource_type: "Infra", children }, author);
const segment = (fields: object) => ({ resource_type: "ChildSegment", Segment: fields });
const reference = (type: string, id: string, ...children: unknown[]) => ({
  resource_type: "ChildResourceReference",
  target_type: type,
  id,
  children,
});
const port = { id: "p", attachment: { id: "vm-2" }, address_bindings: [{ mac_address: "02:00:00:00:64:09" }] };
const aPort = { resource_type: "ChildSegmentPort", SegmentPort: port };

test("patchTree sent again changes nothing", () => {
  const world = goodWorld();
  const before = world.all();
  world.apply(patchTree(goodTree, { user: "eve", wallMs: 0 }));
  expect(world.all()).toEqual(before);
});

test("patchTree goes to objects that it does not change", () => {
  const world = goodWorld();
  const group = { resource_type: "ChildGroup", Group: { id: "g", expression: [] } };
  const nat = { resource_type: "ChildPolicyNatRule", PolicyNatRule: { id: "n", action: "NO_SNAT" } };
  world.apply(
    infra(
      reference("Segment", "web", aPort),
      reference("Domain", "default", group),
      reference("Tier0", "t0", reference("PolicyNat", "USER", nat)),
    ),
  );
  expect(readObject(world.documents, "/infra/segments/web/ports/p")).toMatchObject({ _revision: 0 });
  expect(readObject(world.documents, "/infra/segments/web")).toMatchObject({ _revision: 0 });
  expect(listObjects(world.documents, "/infra/domains/default/groups").result_count).toBe(3);
  expect(readObject(world.documents, "/infra/tier-0s/t0/nat/USER/nat-rules/n")).toMatchObject({
    parent_path: "/infra/tier-0s/t0/nat/USER",
  });
});

test("patchTree takes a gateway rule by either of its names", () => {
  const world = goodWorld();
  const rule = { action: "DROP" };
  const policy = reference(
    "GatewayPolicy",
    "edge",
    { resource_type: "ChildRule", Rule: { id: "x", ...rule } },
    { resource_type: "ChildGatewayRule", GatewayRule: { id: "y", ...rule } },
  );
  world.apply(infra(reference("Domain", "default", policy)));
  const { result_count } = listObjects(world.documents, "/infra/domains/default/gateway-policies/edge/rules");
  expect(result_count).toBe(3);
});

test("patchTree does not mind what comes first, nor that a removed object is gone", () => {
  const world = goodWorld();
  const children = [
    { resource_type: "ChildService", marked_for_delete: true, Service: { id: "none" } },
    reference("Segment", "web", { ...aPort, SegmentPort: { ...port, attachment: { id: "vm-3" } } }),
    { resource_type: "ChildVirtualMachine", VirtualMachine: { id: "vm-3", tep_address: "10.99.3.3" } },
  ];
  expect(world.refusal(infra(...children))).toEqual([]);
});

test("patchTree chooses VNIs that nobody names in the same body", () => {
  const world = goodWorld();
  const at = (n: number) => [{ gateway_address: `10.0.${n}.1/24` }];
  world.apply(
    infra(
      segment({ id: "a", subnets: at(1) }),
      segment({ id: "b", subnets: at(2), overlay_id: 5001 }),
      segment({ id: "c", subnets: at(3) }),
    ),
  );
  const vnis = ["a", "b", "c"].map((id) => readObject(world.documents, `/infra/segments/${id}`)["overlay_id"]);
  expect(vnis).toEqual([5002, 5001, 5003]);
});

const subnets = [{ gateway_address: "10.0.0.1/24" }];

test.each([
  { children: 5, says: ["children: must be a list (is 5)"] },
  {
    children: [5],
    says: ["children[0]: must be an object whose resource_type is Child and a kind, such as ChildSegment (is 5)"],
  },
  {
    children: [{ resource_type: "Segment" }],
    says: [
      'children[0].resource_type: must be an object whose resource_type is Child and a kind, such as ChildSegment (is "Segment")',
    ],
  },
  {
    children: [aPort],
    says: [
      'children[0].resource_type: does not belong below /infra, where there may be Service, VirtualMachine, DhcpServerConfig, Tier0, PublicCloudGateway, Segment, Domain (is "ChildSegmentPort")',
    ],
  },
  { children: [{ resource_type: "ChildSegment" }], says: ["children[0].Segment: must be the Segment, an object"] },
  {
    children: [segment({ subnets })],
    says: ["children[0].Segment.id: must be an id: letters, digits, dots, dashes and underscores, 63 at most"],
  },
  {
    children: [
      segment({ id: "a", subnets }),
      segment({ id: "b", subnets: [{ gateway_address: "10.0.0" }], children: [{ ...aPort, colour: "red" }] }),
    ],
    says: [
      'children[1].Segment.subnets[0].gateway_address: must be an ipv4-interface such as 192.168.100.1/24 (is "10.0.0")',
      'children[1].Segment.children[0].colour: no such field (is "red")',
    ],
  },
  {
    children: [{ resource_type: "ChildDomain", Domain: { id: "mine" } }],
    says: ['children[0].Domain.id: must be default, the only one (is "mine")'],
  },
  {
    children: [{ resource_type: "ChildDomain", marked_for_delete: true, Domain: { id: "default" } }],
    says: ["children[0].Domain: is always there and cannot be removed"],
  },
  {
    children: [reference("Sector", "a")],
    says: [
      'children[0].target_type: does not belong below /infra, where there may be Service, VirtualMachine, DhcpServerConfig, Tier0, PublicCloudGateway, Segment, Domain (is "Sector")',
    ],
  },
  {
    children: [{ ...segment({ id: "a", subnets }), marked_for_delete: "yes" }],
    says: ['children[0].marked_for_delete: must be true or false (is "yes")'],
  },
])("patchTree names the place: $says", ({ children, says }) => {
  const world = goodWorld();
  const [code, ...flaws] = world.refusal(patchTree({ resource_type: "Infra", children }, author));
  expect(flaws).toEqual(says);
  expect(code).toBe("MANAGER_BAD_REQUEST");
});

test("patchTree names the place of what does not fit with the rest", () => {
  const world = goodWorld();
  const before = world.all();
  const bad = { ...port, address_bindings: [{ mac_address: "02:00:00:00:64:09", ip_address: "10.9.9.9" }] };
  const children = [
    segment({ id: "a", subnets, overlay_id: 9096 }),
    reference("Segment", "web", { resource_type: "ChildSegmentPort", SegmentPort: bad }),
  ];
  expect(world.refusal(infra(...children))).toEqual([
    "MANAGER_REFUSED",
    "children[0].Segment.overlay_id: is the VNI of /infra/segments/web; take another, or leave it out and one is chosen (is 9096)",
    `children[1].children[0].SegmentPort.address_bindings[0].ip_address: is not in the segment's network, 192.168.100.0/24 (is "10.9.9.9")`,
  ]);
  expect(world.all()).toEqual(before);
});

test("patchTree does not go to what is not there", () => {
  expect(goodWorld().refusal(infra(reference("Segment", "none", aPort)))[0]).toBe("MANAGER_NOT_FOUND");
});

test("readTree is what patchTree makes the same objects of, at a manager that has nothing", () => {
  const world = goodWorld();
  const copy = new PolicyWorld();
  copy.apply(patchTree(readTree(world.documents), author));
  expect(copy.all()).toEqual(world.all());
});

test("readTree of some kinds refers to what they are below", () => {
  const world = goodWorld();
  const tree = readTree(world.documents, new Set(["SegmentPort", "Rule"]));
  expect(tree.children).toMatchObject([
    {
      target_type: "Domain",
      id: "default",
      children: [{ target_type: "SecurityPolicy", id: "dfw", children: [{ resource_type: "ChildRule" }] }],
    },
    { target_type: "Segment", id: "web", children: [{ SegmentPort: { id: "vm-1" } }] },
  ]);
  const before = world.all();
  world.apply(patchTree(tree, author));
  expect(world.all()).toEqual(before);
});

test("treeInSteps counts every byte of a tree", () => {
  const { documents } = goodWorld();
  const bytes = Buffer.byteLength(JSON.stringify(readTree(documents)));
  expect([...treeInSteps(documents, { most: bytes })]).toHaveLength(documents.under("/infra/").toArray().length);
  expect(() => [...treeInSteps(documents, { most: bytes - 1 })]).toThrow(
    expect.objectContaining({ code: "MANAGER_BAD_REQUEST" }),
  );
});
