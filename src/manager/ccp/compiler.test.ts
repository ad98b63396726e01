import { expect, test } from "vitest";
import { checkDhcpServer } from "../../dhcp/check.ts";
import { inOrder } from "../../lcp/resource.ts";
import { checkDesired } from "../../model/check.ts";
import { desiredOf } from "../../model/desired-of.ts";
import { type RuntimePiece, runtimeFlaws } from "../../model/runtime.ts";
import type { DocumentTable } from "../state/document-table.ts";
import { Compiler } from "./compiler.ts";
import { documentsOf, laboratory, stored } from "./policy.testing.ts";

test("Compiler makes every kind of runtime state", () => {
  const table = new Compiler(documentsOf(laboratory)).table("t0");
  const lines = [...table].sort(([a], [b]) => inOrder(a, b)).map(([id, { body }]) => `${id} ${JSON.stringify(body)}`);
  expect(`\n${lines.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    tep/10.99.3.248 {"address":"10.99.3.248","label":12312}
    tep/10.99.3.251 {"address":"10.99.3.251"}
    segment/app {"id":"app","name":"app","vni":9100,"gateway":"192.168.99.1/24"}
    segment/web {"id":"web","name":"Web servers","vni":9096,"gateway":"192.168.100.1/24","dnsName":"web.lab.example","mtu":8943}
    dhcp/app {"id":"app","segment":"app","ranges":[{"first":"192.168.99.100","last":"192.168.99.199"}],"address":"192.168.99.2","leaseSeconds":7200}
    dhcp/web {"id":"web","segment":"web","ranges":[{"first":"192.168.100.100","last":"192.168.100.199"},{"first":"192.168.100.210","last":"192.168.100.210"}],"leaseSeconds":3600,"options":{"ntp":["10.99.0.3","10.99.0.4"],"searchDomains":["lab.example","example"],"classlessRoutes":[{"prefix":"10.0.0.0/8","via":"192.168.100.1"}],"dns":["10.99.0.2"],"raw":[{"code":60,"hex":"ff"},{"code":224,"hex":"010203"}]}}
    binding/web|vm-1 {"segment":"web","ip":"192.168.100.3","mac":"02:00:00:00:64:01","options":{"bootFile":"boot/vm-1","hostname":"vm-1","router":["192.168.100.1"]}}
    port/app|vm-1 {"segment":"app","mac":"02:00:00:00:63:01","tep":"10.99.3.248","name":"vm-1","node":"vm-1"}
    port/app|vm-2 {"segment":"app","mac":"02:00:00:00:63:0A","tep":"10.99.3.251","name":"vm-2","node":"vm-2"}
    port/web|vm-1 {"segment":"web","mac":"02:00:00:00:64:01","ip":"192.168.100.3","tep":"10.99.3.248","name":"vm-1","node":"vm-1"}
    route/0.0.0.0/0 {"list":"uplink","prefix":"0.0.0.0/0"}
    route/partner {"list":"static","prefix":"172.16.0.0/12","via":"10.99.3.1","interface":"downlink"}
    underlay/10.98.0.0/16 {"prefix":"10.98.0.0/16","mode":"snat","via":"10.99.3.1"}
    underlay/10.99.0.0/16 {"prefix":"10.99.0.0/16","mode":"routed"}
    eip/pair {"address":"203.0.113.11","secondary":{"a":"10.99.1.21","b":"10.99.101.21"}}
    eip/web {"address":"203.0.113.10","secondary":{"a":"10.99.1.20","b":"10.99.101.20"},"overlayIp":"192.168.100.3"}
    group/admins {"addresses":["198.51.100.0/28"]}
    group/web {"addresses":[]}
    member/admins|vm-2 {"group":"admins","addresses":["192.168.99.100"]}
    member/web|vm-1 {"group":"web","addresses":["192.168.99.101"]}
    rule/edge|published {"section":"edge","order":[3,10],"id":"edge.published","action":"ALLOW","direction":"IN","destinations":["192.168.100.3"],"destinationGroups":["web"],"services":[{"protocol":"tcp","destinationPorts":"80"},{"protocol":"tcp","destinationPorts":"443"},{"protocol":"icmp","icmpType":8}]}
    rule/edge|rest {"section":"edge","order":[3,20],"id":"edge.rest","action":"DROP","services":[{"protocol":"icmp"}],"enabled":false,"logging":true}
    nat/dnat {"id":"dnat","action":"DNAT","destinationNetwork":"203.0.113.11","translatedNetwork":"192.168.99.100","translatedPorts":"8080","logging":true,"protocol":"tcp","destinationPorts":"80"}
    nat/no-dnat {"id":"no-dnat","action":"NO_DNAT","destinationNetwork":"203.0.113.10","protocol":"tcp","destinationPorts":"80"}
    nat/no-dnat..9883ae45 {"id":"no-dnat..9883ae45","action":"NO_DNAT","destinationNetwork":"203.0.113.10","protocol":"tcp","destinationPorts":"443"}
    nat/no-snat {"id":"no-snat","action":"NO_SNAT","sourceNetwork":"192.168.100.0/24","destinationNetwork":"10.0.0.0/8"}
    nat/reflexive {"id":"reflexive","action":"REFLEXIVE","sourceNetwork":"192.168.100.16/28","translatedNetwork":"198.51.100.16/28","enabled":false}
    nat/snat {"id":"snat","action":"SNAT","priority":10,"sourceNetwork":"192.168.99.0/24","translatedNetwork":"203.0.113.11","translatedPorts":"1024-2047","protocol":"tcp","destinationPorts":"80"}
    gateway/t0 {"mssClamp":1400,"pat":{"address":"203.0.113.11","ports":{"a":"20000-39999","b":"40000-59999"}}}
    policy/default {"order":3999999,"rules":[{"id":"default.rest","action":"REJECT","direction":"IN"}]}
    policy/web {"order":1000000,"rules":[{"id":"web.http","action":"ALLOW","services":[{"protocol":"tcp","destinationPorts":"80"}]},{"id":"web.ssh","action":"ALLOW","direction":"IN","sourceGroups":["admins"],"services":[{"protocol":"tcp","sourcePorts":"1024-65535","destinationPorts":"22"}]}]}
    guard/vm-1 {"node":"vm-1","policies":["default","web"]}
    guard/vm-2 {"node":"vm-2","policies":["default"]}
    "
  `);
});

test("what Compiler makes is sound by itself and as a whole, to the gateway and its DHCP servers", () => {
  const table = new Compiler(documentsOf(laboratory)).table("t0");
  for (const { type, body } of table.values()) expect(runtimeFlaws(type, body)).toEqual([]);
  const want = desiredOf(table as ReadonlyMap<string, RuntimePiece>, 1);
  expect(checkDesired(want)).toEqual({ ok: true, value: want });
  expect(want.dhcp).toHaveLength(2);
  for (const server of want.dhcp ?? []) {
    const segment = want.segments.find(({ id }) => id === server.segment);
    expect(segment && checkDhcpServer(server, segment)).toEqual([]);
  }
});

test("Compiler says what it made of an object, and whose the gateways are", () => {
  const compiler = new Compiler(documentsOf(laboratory));
  const outputs = (path: string) => compiler.outputsOf(`/infra/${path}`).map(({ tier0, id }) => `${tier0} ${id}`);
  expect([...compiler.tier0s()]).toEqual(["t0"]);
  expect(compiler.gatewaysOf("t0")).toEqual(["pcg-a", "pcg-b"]);
  expect(compiler.gatewaysOf("t1")).toEqual([]);
  expect(outputs("segments/web")).toEqual(["t0 segment/web", "t0 dhcp/web"]);
  expect(outputs("segments/web/ports/vm-1")).toEqual(["t0 tep/10.99.3.248", "t0 port/web|vm-1"]);
  expect(outputs("virtual-machines/vm-1")).toEqual(["t0 member/web|vm-1", "t0 guard/vm-1"]);
  expect(outputs("domains/default/groups/web")).toEqual(["t0 group/web"]);
  expect(outputs("domains/default/groups/unused")).toEqual([]);
  expect(outputs("domains/default/security-policies/web/rules/http")).toEqual(["t0 policy/web"]);
  expect(outputs("domains/default/gateway-policies/edge/rules/published")).toEqual(["t0 rule/edge|published"]);
  expect(outputs("segments/unconnected")).toEqual([]);
});

/** Writes the same again under another revision, or something else in its place. */
function edit(documents: DocumentTable, compiler: Compiler, changes: Readonly<Record<string, object | undefined>>) {
  const writes = Object.entries(changes).map(([path, body]) => [path, body && stored(path, body)] as const);
  documents.apply(new Map(writes));
  return compiler.changed(Object.keys(changes));
}

test("a change without a difference makes no delta", () => {
  const documents = documentsOf(laboratory);
  const compiler = new Compiler(documents);
  const again = Object.entries(laboratory).filter(([path]) => path.startsWith("/infra/"));
  expect(edit(documents, compiler, Object.fromEntries(again.map(([k, v]) => [k, { ...v, _revision: 7 }])))).toEqual([]);
  expect(compiler.changed(["/infra/segments/none", "/nodes/gateway/pcg-a", "/leases/web/02:00:00:00:64:99"])).toEqual(
    [],
  );
});

test("what several objects make is there until the last of them is gone", () => {
  const documents = documentsOf(laboratory);
  const compiler = new Compiler(documents);
  expect(edit(documents, compiler, { "/infra/segments/app/ports/vm-1": undefined })).toMatchObject([
    { deletes: ["port/app|vm-1", "member/web|vm-1"] },
  ]);
  expect(edit(documents, compiler, { "/infra/segments/web/ports/vm-1": undefined })).toMatchObject([
    { deletes: ["tep/10.99.3.248", "port/web|vm-1", "guard/vm-1"] },
  ]);
});

test("a lease, a tag and a policy each travel as the pieces they change", () => {
  const documents = documentsOf(laboratory);
  const compiler = new Compiler(documents);
  const lease = "/leases/app/02:00:00:00:63:01";
  documents.apply(new Map([[lease, { ip: "192.168.99.150" }]]));
  expect(compiler.changed([lease])).toEqual([
    {
      tier0: "t0",
      upserts: [{ type: "member", key: "web|vm-1", body: { group: "web", addresses: ["192.168.99.150"] } }],
      deletes: [],
    },
  ]);
  const vm = { tep_address: "10.99.3.251", tags: [{ scope: "role", tag: "web" }] };
  expect(edit(documents, compiler, { "/infra/virtual-machines/vm-2": vm })).toEqual([
    {
      tier0: "t0",
      upserts: [
        { type: "member", key: "web|vm-2", body: { group: "web", addresses: ["192.168.99.100"] } },
        { type: "guard", key: "vm-2", body: { node: "vm-2", policies: ["default", "web"] } },
      ],
      deletes: ["member/admins|vm-2"],
    },
  ]);
  expect(
    edit(documents, compiler, { "/infra/domains/default/security-policies/web": { scope: ["ANY"] } }),
  ).toMatchObject([{ upserts: [{ type: "policy", key: "web", body: { order: 3_000_000 } }] }]);
});

test("a static route for everything takes the place of the VPC router, and goes again", () => {
  const documents = documentsOf(laboratory);
  const compiler = new Compiler(documents);
  const path = "/infra/tier-0s/t0/static-routes/out";
  const route = { network: "0.0.0.0/0", next_hops: [{ ip_address: "10.99.1.5" }] };
  expect(edit(documents, compiler, { [path]: route })).toEqual([
    {
      tier0: "t0",
      upserts: [{ type: "route", key: "out", body: { list: "uplink", prefix: "0.0.0.0/0", via: "10.99.1.5" } }],
      deletes: ["route/0.0.0.0/0"],
    },
  ]);
  expect(edit(documents, compiler, { [path]: undefined })).toMatchObject([
    { upserts: [{ key: "0.0.0.0/0" }], deletes: ["route/out"] },
  ]);
});

test("a segment that moves to another Tier-0 takes everything on it along", () => {
  const documents = documentsOf({ ...laboratory, "/infra/tier-0s/t1": {} });
  const compiler = new Compiler(documents);
  const [before, after] = [compiler.table("t0").size, compiler.table("t1").size];
  const app = { ...laboratory["/infra/segments/app"], connectivity_path: "/infra/tier-0s/t1" };
  const deltas = edit(documents, compiler, { "/infra/segments/app": app });
  const moved = ["tep/10.99.3.251", "segment/app", "dhcp/app", "port/app|vm-1", "port/app|vm-2"];
  const members = ["member/admins|vm-2", "member/web|vm-1"];
  expect(deltas.find(({ tier0 }) => tier0 === "t0")?.deletes).toEqual([...moved, ...members, "guard/vm-2"]);
  const there = deltas.find(({ tier0 }) => tier0 === "t1")?.upserts.map(({ type, key }) => `${type}/${key}`);
  expect(new Set(there)).toEqual(new Set([...moved, ...members, "tep/10.99.3.248", "guard/vm-1", "guard/vm-2"]));
  edit(documents, compiler, { "/infra/segments/app": laboratory["/infra/segments/app"] });
  expect([compiler.table("t0").size, compiler.table("t1").size]).toEqual([before, after]);
  const gone = edit(documents, compiler, { "/infra/tier-0s/t0": undefined });
  expect(gone).toMatchObject([{ tier0: "t0", upserts: [] }]);
  expect(gone[0]?.deletes).toHaveLength(before);
  expect([...compiler.tier0s()]).toEqual(["t1"]);
});
