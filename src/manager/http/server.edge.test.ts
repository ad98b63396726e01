import { afterEach, beforeEach, expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { openApiDocument } from "./openapi.ts";
import { routes } from "./routes.ts";
import { type ApiUnderTest, apiUnderTest } from "./world.testing.edge.ts";

let api: ApiUnderTest;
beforeEach(async () => {
  api = await apiUnderTest();
});
afterEach(() => api.server.close());

const WEB = "/policy/api/v1/infra/segments/web";
const SEGMENTS = "/policy/api/v1/infra/segments";
const TREE = "/policy/api/v1/infra";

test("the API puts, patches, reads, lists and removes an object as NSX does", async () => {
  const made = await api.call("PUT", WEB, { body: { display_name: "Web" } });
  expect([made.status, made.headers.etag, made.body]).toMatchObject([200, '"0"', { id: "web", _revision: 0 }]);
  expect(made.body["_last_modified_user"]).toBe("admin");
  const patched = await api.call("PATCH", WEB, { body: { mtu: 1500 } });
  expect([patched.status, patched.text]).toEqual([200, ""]);
  expect((await api.call("GET", WEB)).body).toMatchObject({ display_name: "Web", mtu: 1500, _revision: 1 });
  await api.call("PATCH", TREE, { body: { resource_type: "Infra", children: [{ Segment: { id: "app" } }] } });
  const first = await api.call("GET", `${SEGMENTS}?page_size=1`);
  expect(first.body).toMatchObject({ result_count: 2, cursor: "app", results: [{ id: "app" }] });
  const second = await api.call("GET", `${SEGMENTS}?page_size=1&cursor=app`);
  expect(second.body).toMatchObject({ results: [{ id: "web" }] });
  expect(second.body).not.toHaveProperty("cursor");
  const removed = await api.call("DELETE", WEB);
  expect([removed.status, removed.text]).toEqual([200, ""]);
  expect((await api.call("GET", WEB)).status).toBe(404);
});

test.for([
  ["If-Match of the revision that is there", '"0"', 200, undefined],
  ["If-Match of another revision", '"7"', 412, "MANAGER_PRECONDITION"],
  ["If-Match that is no revision", "W/0", 400, "MANAGER_BAD_REQUEST"],
] as const)("%s answers a change with it", async ([, ifMatch, status, code]) => {
  await api.call("PUT", WEB, { body: {} });
  const { status: is, body } = await api.call("PUT", WEB, { body: {}, headers: { "if-match": ifMatch } });
  expect([is, body["code"]]).toEqual([status, code]);
});

test.for([
  ["MANAGER_BAD_REQUEST", 400, "BAD_REQUEST"],
  ["MANAGER_REFUSED", 400, "BAD_REQUEST"],
  ["MANAGER_NOT_FOUND", 404, "NOT_FOUND"],
  ["MANAGER_CONFLICT", 409, "CONFLICT"],
  ["MANAGER_IN_USE", 409, "CONFLICT"],
  ["MANAGER_STORE", 503, "SERVICE_UNAVAILABLE"],
  ["LCP_STORE", 500, "INTERNAL_SERVER_ERROR"],
] as const)("%s is answered with %i", async ([code, status, word]) => {
  const flaws = [{ field: "mtu", value: 1, why: "is too small" }];
  api.policy.nextError = new PcgError(code, { path: "/infra/segments/web", ...flaws[0], flaws });
  const { status: is, body, text } = await api.call("PUT", WEB, { body: {} });
  expect([is, body["httpStatus"], body["module_name"]]).toEqual([status, word, "policy"]);
  if (status < 500) {
    expect(body).toMatchObject({
      code,
      field: "mtu",
      value: 1,
      details: [{ field: "mtu", error_message: "is too small" }],
    });
    expect(body["error_message"]).toContain("/infra/segments/web mtu is too small");
  } else expect(text).not.toMatch(/mtu|small|LCP/);
});

test("an error that is the manager's own tells nothing but a reference, which the log has with the reason", async () => {
  api.policy.nextError = new TypeError("cannot read /var/lib/secret");
  const { status, text, body, headers } = await api.call("GET", WEB);
  expect(status).toBe(500);
  expect(text).not.toMatch(/secret|TypeError/);
  expect(body["reference"]).toBe(headers["x-request-id"]);
  expect(JSON.stringify(api.logged)).toMatch(new RegExp(`${String(body["reference"])}.*cannot read /var/lib/secret`));
});

test("whoever has no good token is answered 401, whoever may not 403, and both stand in the audit log", async () => {
  const viewer = await api.access.create({ name: "eve", role: "viewer" }, "admin");
  const none = await api.call("PUT", WEB, { body: {}, token: null });
  const wrong = await api.call("GET", WEB, { token: "pcg_wrong" });
  const denied = await api.call("PUT", WEB, { body: {}, token: viewer.token });
  expect([none.status, wrong.status, denied.status]).toEqual([401, 401, 403]);
  expect(none.headers["www-authenticate"]).toBe("Bearer");
  expect(denied.body).toMatchObject({ code: "MANAGER_DENIED", field: "role", value: "viewer" });
  expect((await api.call("GET", SEGMENTS, { token: viewer.token })).status).toBe(200);
  expect((await api.call("GET", "/api/v1/audit", { token: viewer.token })).status).toBe(403);
  expect(api.audit.entries.map(({ who, status, method }) => [who, status, method])).toEqual([
    [null, 401, "PUT"],
    [null, 401, "GET"],
    ["eve", 403, "PUT"],
    ["eve", 403, "GET"],
  ]);
});

test("bad tokens of one source are soon answered 429, which holds up no good one", async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 22; n++) statuses.push((await api.call("GET", WEB, { token: "pcg_wrong" })).status);
  expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true);
  expect(statuses.slice(20)).toEqual([429, 429]);
  expect(api.audit.entries).toHaveLength(20);
  expect((await api.call("GET", SEGMENTS)).status).toBe(200);
  api.clock.advance(5_000);
  expect((await api.call("GET", WEB, { token: "pcg_wrong" })).status).toBe(401);
});

test("a body that is too large, too deep, of another type or no JSON is refused, each with its status", async () => {
  const large = await api.call("PUT", WEB, { body: `"${"x".repeat(1_048_576)}"` });
  expect([large.status, large.body["code"]]).toEqual([413, "MANAGER_TOO_LARGE"]);
  const tree = await api.call("PATCH", TREE, {
    body: { children: [{ Segment: { id: "big", description: "x".repeat(2_000_000) } }] },
  });
  expect(tree.status).toBe(200);
  const deep = await api.call("PUT", WEB, { body: "[".repeat(41) + "]".repeat(41) });
  expect([deep.status, deep.body["error_message"]]).toEqual([400, expect.stringContaining("nested more than 40 deep")]);
  const type = await api.call("PUT", WEB, { body: "a: 1", headers: { "content-type": "application/yaml" } });
  expect(type.status).toBe(415);
  const packed = await api.call("PUT", WEB, { body: "{}", headers: { "content-encoding": "gzip" } });
  expect(packed.status).toBe(415);
  for (const body of ["{", '{"__proto__":{"a":1}}', '{"a":"\\ud800'])
    expect((await api.call("PUT", WEB, { body })).status).toBe(400);
  expect((await api.call("PUT", WEB, { body: {} })).status).toBe(200);
});

test("a query that is not known is refused rather than passed over, and force is said not to be supported", async () => {
  const force = await api.call("DELETE", `${WEB}?force=true`);
  expect([force.status, force.body["field"]]).toEqual([400, "force"]);
  expect(force.body["error_message"]).toContain("is not supported");
  for (const query of ["sort_by=id", "page_size=0", "page_size=1001", "page_size=x", "page_size=1&page_size=2"])
    expect((await api.call("GET", `${SEGMENTS}?${query}`)).status).toBe(400);
});

test("requests that come faster than their token may are answered 429 until time has passed", async () => {
  await api.server.close();
  api = await apiUnderTest({ perToken: { perSecond: 2, burst: 3 } });
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await api.call("GET", SEGMENTS)).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  const early = await api.call("GET", SEGMENTS);
  expect([early.headers["retry-after"], early.body["code"]]).toEqual(["1", "MANAGER_TOO_FAST"]);
  api.clock.advance(500);
  expect((await api.call("GET", SEGMENTS)).status).toBe(200);
});

test("changes are refused while the audit log cannot be written, and what is missing in it is said there", async () => {
  await api.call("PUT", WEB, { body: {} });
  api.audit.isFull = true;
  expect((await api.call("PATCH", WEB, { body: { mtu: 1 } })).status).toBe(200);
  const refused = await api.call("PATCH", WEB, { body: { mtu: 2 } });
  expect(refused.status).toBe(503);
  expect(refused.text).not.toContain("secret");
  expect((await api.call("GET", WEB)).body).toMatchObject({ mtu: 1 });
  api.audit.isFull = false;
  expect((await api.call("PATCH", WEB, { body: { mtu: 3 } })).status).toBe(200);
  expect(api.audit.entries.map(({ code, path }) => [code, path])).toEqual([
    [null, WEB],
    ["AUDIT_GAP", "2 entries are missing here"],
    [null, WEB],
  ]);
});

test("the audit log is read page by page, the newest first, and says where it was tampered with", async () => {
  for (let n = 0; n < 3; n++) await api.call("PATCH", WEB, { body: { mtu: n } });
  const page = await api.call("GET", "/api/v1/audit?page_size=2");
  expect(page.body).toMatchObject({ results: [{ seq: 3, who: "admin", role: "admin" }, { seq: 2 }], cursor: "2" });
  expect((await api.call("GET", "/api/v1/audit?page_size=2&cursor=2")).body).toMatchObject({ results: [{ seq: 1 }] });
  const [, second] = api.audit.entries;
  if (second) api.audit.entries[1] = { ...second, who: "somebody else" };
  expect((await api.call("GET", "/api/v1/audit")).body).toMatchObject({ broken: { seq: 2 } });
});

test("tokens are made, listed without their secret, work, and are revoked", async () => {
  const TOKENS = "/api/v1/access/tokens";
  const made = await api.call("POST", TOKENS, { body: { name: "ci", role: "operator", valid_for_s: 60 } });
  const token = String(made.body["token"]);
  expect([made.status, token]).toEqual([200, expect.stringMatching(/^pcg_[A-Za-z0-9_-]{43}$/)]);
  expect((await api.call("PUT", WEB, { body: {}, token })).body).toMatchObject({ _last_modified_user: "ci" });
  expect((await api.call("POST", TOKENS, { body: {}, token })).status).toBe(403);
  const list = await api.call("GET", TOKENS);
  expect(list.body).toMatchObject({ result_count: 2 });
  expect(list.text).not.toContain(token);
  expect((await api.call("POST", TOKENS, { body: { name: "ci", role: "root" } })).body).toMatchObject({
    details: [{ field: "role" }],
  });
  expect((await api.call("DELETE", `${TOKENS}/${String(made.body["id"])}`)).status).toBe(200);
  expect((await api.call("GET", WEB, { token })).status).toBe(401);
});

test("what is injected answers for gateways, realization, nodes, enrolment, cluster and health", async () => {
  const get = async (path: string) => (await api.call("GET", path)).body;
  expect(await get("/api/v1/gateways")).toMatchObject({ result_count: 1, results: [{ id: "pcg-a", connected: true }] });
  expect(await get("/api/v1/gateways/pcg-a/agents")).toEqual({ results: [{ id: "vm-1" }], result_count: 1 });
  expect(await get("/api/v1/gateways/pcg-b/leases")).toMatchObject({ code: "MANAGER_NOT_FOUND" });
  const status = `${TREE}/realized-state/status`;
  expect(await get(`${status}?intent_path=/infra/segments/web`)).toMatchObject({ publish_status: "REALIZED" });
  expect(await get(`${WEB}/ports/vm-1/state`)).toMatchObject({
    ...{ intent_path: "/infra/segments/web/ports/vm-1", status: "UP" },
  });
  expect(await get(status)).toMatchObject({ code: "MANAGER_BAD_REQUEST", field: "intent_path" });
  expect(await get("/policy/api/v1/nodes/gateway/pcg-a")).toEqual({ role: "gateway", id: "pcg-a" });
  expect(await get("/policy/api/v1/nodes/router/pcg-a")).toMatchObject({ code: "MANAGER_NOT_FOUND", field: "role" });
  expect((await api.call("DELETE", "/policy/api/v1/nodes/gateway/pcg-a")).status).toBe(200);
  const body = { role: "gateway", id: "pcg-b" };
  expect((await api.call("POST", "/policy/api/v1/enrolment/tokens", { body })).body).toMatchObject({ token: "secret" });
  expect(await get("/api/v1/cluster/status")).toMatchObject({ cluster_id: "c1" });
  expect((await api.call("GET", "/healthz", { token: null })).body).toEqual({ status: "UP" });
  expect((await api.call("GET", "/openapi.json", { token: null })).body).toMatchObject({ openapi: "3.1.0" });
});

test("the API has exactly the routes of its table, and the document exactly what they answer", async () => {
  const inTable = routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{([^}]+)\}/g, ":$1")}`);
  expect(api.server.routes.toSorted()).toEqual(inTable.toSorted());
  const { paths } = openApiDocument("1") as { paths: Record<string, Record<string, unknown>> };
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
  );
  for (const { method, path } of routes.filter((route) => !route.path.endsWith("/*")))
    expect(documented).toContainEqual({ method, path });
  for (const { method, path } of documented) {
    // Its throttles know this clock, and there is a connection a request.
    api.clock.advance(1_000);
    const sent = method === "GET" || method === "DELETE" ? {} : { body: { children: [] } };
    const { body, headers } = await api.call(method, path.replaceAll(/\{[^}]+\}/g, "gateway"), sent);
    expect(headers["content-type"] ?? "application/json", `${method} ${path}`).toContain("application/json");
    expect(String(body["error_message"]), `${method} ${path}`).not.toMatch(/no such route|no collection/);
  }
});

test.for([
  "/",
  "/infra",
  "/policy/api/v1/infra/nonsense",
  "/policy/api/v1/infra/segments/a/b",
  "/%zz",
  `/${"x".repeat(9_000)}`,
])("a path that is nowhere is answered as JSON: %s", async (path) => {
  const { status, body } = await api.call("GET", path);
  expect([400, 404]).toContain(status);
  expect(body["code"]).toMatch(/^MANAGER_/);
});
