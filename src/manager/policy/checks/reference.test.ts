import { expect, test } from "vitest";
import { author, goodWorld } from "../../../../test/policy-world.ts";
import { patch, remove } from "../edit.ts";
import { patchTree } from "../hierarchy.ts";
import { type KindName, kinds } from "../kinds.ts";
import { referenceFields } from "../references.ts";

test.each([
  {
    path: "/infra/segments/s",
    body: { subnets: [{ gateway_address: "192.168.7.1/24" }], connectivity_path: "/infra/tier-0s/none" },
    says: [
      "MANAGER_REFUSED",
      'connectivity_path: there is no /infra/tier-0s/none; create it first, or in the same PATCH of /infra (is "/infra/tier-0s/none")',
    ],
  },
  {
    path: "/infra/segments/none/ports/p",
    body: { attachment: { id: "vm-2" }, address_bindings: [{ mac_address: "02:00:00:00:64:09" }] },
    says: [
      "MANAGER_NOT_FOUND",
      '{"path":"/infra/segments/none/ports/p","parent":"/infra/segments/none","why":"there is no /infra/segments/none, below which it would be; create that first"}',
    ],
  },
  {
    path: "/infra/segments/web/ports/p",
    body: { attachment: { id: "vm-9" }, address_bindings: [{ mac_address: "02:00:00:00:64:09" }] },
    says: [
      "MANAGER_REFUSED",
      'attachment.id: there is no /infra/virtual-machines/vm-9; create it first, or in the same PATCH of /infra (is "vm-9")',
    ],
  },
  {
    path: "/infra/tier-0s/t0/nat/USER/nat-rules/n",
    body: {
      action: "DNAT",
      destination_network: "203.0.113.11",
      translated_network: "192.168.99.4",
      service: "/infra/services/none",
    },
    says: [
      "MANAGER_REFUSED",
      'service: there is no /infra/services/none; create it first, or in the same PATCH of /infra (is "/infra/services/none")',
    ],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: { expression: [{ resource_type: "PathExpression", paths: ["/infra/segments/none"] }] },
    says: [
      "MANAGER_REFUSED",
      'expression[0].paths[0]: there is no /infra/segments/none; create it first, or in the same PATCH of /infra (is "/infra/segments/none")',
    ],
  },
  {
    path: "/infra/domains/default/security-policies/dfw/rules/r",
    body: { action: "DROP", services: ["/infra/services/none"] },
    says: [
      "MANAGER_REFUSED",
      'services[0]: there is no /infra/services/none; create it first, or in the same PATCH of /infra (is "/infra/services/none")',
    ],
  },
  {
    path: "/infra/domains/default/security-policies/none/rules/r",
    body: { action: "DROP" },
    says: [
      "MANAGER_NOT_FOUND",
      '{"path":"/infra/domains/default/security-policies/none/rules/r","parent":"/infra/domains/default/security-policies/none","why":"there is no /infra/domains/default/security-policies/none, below which it would be; create that first"}',
    ],
  },
  {
    path: "/infra/domains/default/gateway-policies/edge/rules/r",
    body: { action: "DROP", scope: ["/infra/tier-0s/t1"] },
    says: [
      "MANAGER_REFUSED",
      'scope[0]: there is no /infra/tier-0s/t1; create it first, or in the same PATCH of /infra (is "/infra/tier-0s/t1")',
    ],
  },
  {
    path: "/infra/nothing/x",
    body: {},
    says: [
      "MANAGER_NOT_FOUND",
      '{"path":"/infra/nothing/x","why":"no object can be there; ids are letters, digits, dots, dashes and underscores, 63 at most"}',
    ],
  },
])("references of $path: $says", ({ path, body, says }) => {
  const world = goodWorld();
  const before = world.all();
  expect(world.refusal(patch(path, body, author))).toEqual(says);
  expect(world.all()).toEqual(before);
});

const others = (by: string[]) => ({
  by,
  count: by.length,
  why: "other objects refer to it; change or remove those first",
});

test.each([
  {
    path: "/infra/services/http",
    says: others(["/infra/domains/default/security-policies/dfw/rules/in", "/infra/tier-0s/t0/nat/USER/nat-rules/in"]),
  },
  { path: "/infra/tier-0s/t0", says: others(["/infra/gateways/pcg-a", "/infra/segments/app", "/infra/segments/web"]) },
  { path: "/infra/virtual-machines/vm-1", says: others(["/infra/segments/web/ports/vm-1"]) },
  { path: "/infra/domains/default/groups/web", says: others(["/infra/domains/default/groups/all"]) },
  { path: "/infra/dhcp-server-configs/dhcp", says: others(["/infra/segments/web"]) },
  { path: "/infra/segments/web/ports/vm-1", says: others(["/infra/domains/default/groups/web"]) },
  {
    path: "/infra/tier-0s/t0/elastic-ips/pat",
    says: {
      by: ["/infra/tier-0s/t0"],
      count: 1,
      why: "/infra/tier-0s/t0 needs it (pat.elastic_ip); change or remove that first",
    },
  },
])("remove of $path says who needs it", ({ path, says }) => {
  const world = goodWorld();
  const before = world.all();
  expect(world.refusal(remove(path))).toEqual(["MANAGER_IN_USE", JSON.stringify({ path, ...says })]);
  expect(world.all()).toEqual(before);
});

test("remove of a parent is refused for what refers to a child, and names the child", () => {
  const refusal = goodWorld().refusal(remove("/infra/segments/web"));
  const path = "/infra/segments/web/ports/vm-1";
  const says = others(["/infra/domains/default/groups/web"]);
  expect(refusal).toEqual(["MANAGER_IN_USE", JSON.stringify({ path, ...says })]);
});

test("remove takes what is below away too", () => {
  const world = goodWorld();
  world.apply(remove("/infra/domains/default/security-policies/dfw"));
  expect(Object.keys(world.all()).filter((key) => key.includes("security-policies"))).toEqual([]);
});

test("patchTree removes what is referred to together with what refers to it, in any order", () => {
  const world = goodWorld();
  const gone = (kind: string, id: string) => ({
    resource_type: `Child${kind}`,
    marked_for_delete: true,
    [kind]: { id },
  });
  const domain = {
    id: "default",
    children: [gone("Group", "web"), gone("GatewayPolicy", "edge"), gone("Group", "all")],
  };
  const tier0 = { id: "t0", children: [gone("ElasticIp", "web")] };
  const children = [
    gone("Segment", "web"),
    { resource_type: "ChildDomain", Domain: domain },
    { resource_type: "ChildTier0", Tier0: tier0 },
  ];
  expect(world.refusal(patchTree({ resource_type: "Infra", children }, author))).toEqual([]);
  expect(Object.keys(world.all())).not.toContain("/infra/segments/web/ports/vm-1");
});

interface Node {
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** Where a schema asks for a path. */
function pathFields(node: Node, at: string): string[] {
  if (node.pattern?.startsWith("^/infra/")) return [at];
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    pathFields(child, at === "" ? name : `${at}.${name}`),
  );
  const items = node.items ? pathFields(node.items, `${at}[]`) : [];
  return [...new Set([...inner, ...items, ...(node.anyOf ?? []).flatMap((one) => pathFields(one, at))])];
}

test.each(Object.keys(kinds) as KindName[])("referenceFields has every field of %s that is a path", (kind) => {
  const fields = pathFields(kinds[kind].schema as object as Node, "");
  expect([...(referenceFields[kind] ?? [])].sort()).toEqual(fields.sort());
});
