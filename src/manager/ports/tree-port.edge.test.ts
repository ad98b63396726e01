import { afterEach, beforeEach, expect, test } from "vitest";
import { author, goodTree } from "../../../test/policy-world.ts";
import { systemClock } from "../../base/system-clock.edge.ts";
import { type ApiUnderTest, apiUnderTest } from "../http/world.testing.edge.ts";
import { patchTree } from "../policy/hierarchy.ts";
import { commitsOver } from "../state/commits.testing.ts";
import type { Commits } from "../state/documents.ts";
import { policyPort } from "./policy-port.ts";

const INFRA = "/policy/api/v1/infra";

let commits: Commits;
let api: ApiUnderTest;
beforeEach(async () => {
  commits = await commitsOver();
  await commits.commit("ops", patchTree(goodTree, author));
  api = await apiUnderTest({}, {}, { policy: policyPort(commits, systemClock) });
});
afterEach(() => api.server.close());

const policy = () => Object.fromEntries(commits.documents.under("/infra"));

const everything =
  "Type-Service|VirtualMachine|DhcpServerConfig|Tier0|PublicCloudGateway|StaticRoutes|ElasticIp|Segment|SegmentPort|" +
  "DhcpV4StaticBindingConfig|PolicyNatRule|Group|GatewayPolicy|SecurityPolicy|Rule";

test("GET of the tree answers without a filter the tree itself, and nothing below it", async () => {
  const { status, body } = await api.call("GET", INFRA);
  expect([status, body]).toEqual([
    200,
    { resource_type: "Infra", id: "infra", display_name: "infra", path: "/infra", relative_path: "infra" },
  ]);
});

test.for([
  everything,
  `${everything}|Domain|PolicyNat`,
  "Type-Segment",
  "Type-SegmentPort|Rule",
  "Type-GatewayRule",
  "Type-PolicyNat|Domain",
])("PATCH of what GET answers for %s changes nothing", async (filter) => {
  const before = policy();
  const { status, text } = await api.call("GET", `${INFRA}?filter=${encodeURIComponent(filter)}`);
  expect(status).toBe(200);
  expect(await api.call("PATCH", INFRA, { body: text })).toMatchObject({ status: 200, text: "" });
  expect(policy()).toEqual(before);
});

test("PATCH of what GET answers makes the same objects at a manager that has nothing", async () => {
  const { text } = await api.call("GET", `${INFRA}?filter=${everything}`);
  const other = await commitsOver();
  await other.commit("ops", patchTree(JSON.parse(text), author));
  const own = ([path, value]: readonly [string, unknown]) => [
    path,
    { ...(value as object), _last_modified_user: undefined, _create_user: undefined },
  ];
  expect([...other.documents.under("/infra")].map(own)).toEqual([...commits.documents.under("/infra")].map(own));
});

test("GET of the tree wraps objects as children, and refers to what they are below and was not asked for", async () => {
  const { body } = await api.call("GET", `${INFRA}?filter=Type-SegmentPort|Domain`);
  expect(body["children"]).toMatchObject([
    { resource_type: "ChildDomain", Domain: { id: "default", resource_type: "Domain", children: [] } },
    {
      ...{ resource_type: "ChildResourceReference", target_type: "Segment", id: "web" },
      children: [{ resource_type: "ChildSegmentPort", SegmentPort: { id: "vm-1" } }],
    },
  ]);
});

test.for([
  ["Segment", "Segment", "must begin with Type-"],
  ["Type-", "", "is no type of object"],
  ["Type-Segment|Tier1", "Tier1", "Segment, SegmentPort"],
  ["Type-__proto__", "__proto__", "is no type of object"],
  ["Type-segment", "segment", "is no type of object"],
])("GET of the tree refuses the filter %s, and says what there is", async ([filter, value, why]) => {
  const { status, body } = await api.call("GET", `${INFRA}?filter=${filter}`);
  expect([status, body]).toMatchObject([400, { code: "MANAGER_BAD_REQUEST", field: "filter", value }]);
  expect(body["error_message"]).toContain(why);
});

test("GET of the tree is for viewers, and knows no other parameter", async () => {
  const { token } = await api.access.create({ name: "eve", role: "viewer" }, "admin");
  expect((await api.call("GET", `${INFRA}?filter=Type-Tier0`, { token })).status).toBe(200);
  expect((await api.call("GET", INFRA, { token: null })).status).toBe(401);
  expect((await api.call("GET", `${INFRA}?type_filter=Tier0`)).body).toMatchObject({ field: "type_filter" });
});
