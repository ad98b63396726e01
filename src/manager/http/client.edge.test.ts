import { afterEach, beforeEach, expect, test } from "vitest";
import { testAuthority } from "./certificate.testing.ts";
import { authorityByPin, ManagerClient } from "./client.edge.ts";
import { type ApiUnderTest, apiUnderTest } from "./world.testing.edge.ts";

let api: ApiUnderTest;
let client: ManagerClient;
beforeEach(async () => {
  api = await apiUnderTest();
  client = new ManagerClient({ url: api.url, token: api.token, authority: api.authority.certificate });
});
afterEach(async () => {
  client.close();
  await api.server.close();
});

const SEGMENTS = "/policy/api/v1/infra/segments";

test("ManagerClient puts, patches, reads, removes, and lists all pages", async () => {
  expect(await client.put(`${SEGMENTS}/web`, { mtu: 1400 })).toMatchObject({ id: "web", _revision: 0 });
  await client.patch(`${SEGMENTS}/web`, { mtu: 1500 });
  expect(await client.get(`${SEGMENTS}/web`)).toMatchObject({ mtu: 1500 });
  for (let n = 0; n < 5; n++) await client.patch(`${SEGMENTS}/s${n}`, {});
  const all = await client.list(SEGMENTS, 2);
  expect(all.map(({ id }) => id)).toEqual(["s0", "s1", "s2", "s3", "s4", "web"]);
  await client.delete(`${SEGMENTS}/web`);
  await expect(client.get(`${SEGMENTS}/web`)).rejects.toMatchObject({
    code: "MANAGER_NOT_FOUND",
    detail: { status: 404, why: expect.stringContaining(`/infra/segments/web`) },
  });
  expect(await client.post("/api/v1/access/tokens", { name: "ci", role: "viewer" })).toMatchObject({ name: "ci" });
});

test("ManagerClient says with a code of its own that nobody answers, or not in time", async () => {
  await api.server.close();
  await expect(client.get(SEGMENTS)).rejects.toMatchObject({ code: "MANAGER_UNREACHABLE", detail: { path: SEGMENTS } });
  api = await apiUnderTest();
  api.policy.read = () => new Promise(() => undefined);
  const hasty = new ManagerClient({
    url: api.url,
    token: api.token,
    authority: api.authority.certificate,
    timeoutMs: 100,
  });
  await expect(hasty.get(`${SEGMENTS}/web`)).rejects.toMatchObject({ code: "MANAGER_UNREACHABLE" });
  hasty.close();
});

test("ManagerClient believes a manager of its authority, and neither another authority nor another node", async () => {
  const other = await testAuthority("other");
  const misled = new ManagerClient({ url: api.url, token: api.token, authority: other.certificate });
  await expect(misled.get(SEGMENTS)).rejects.toMatchObject({ code: "MANAGER_UNREACHABLE" });
  misled.close();
  const agent = await api.authority.issue(
    { type: "url", value: "spiffe://pcg/agent/vm-1" },
    { type: "ip", value: "127.0.0.1" },
  );
  const impostor = await apiUnderTest({}, agent);
  const fooled = new ManagerClient({ url: impostor.url, token: api.token, authority: api.authority.certificate });
  await expect(fooled.get(SEGMENTS)).rejects.toMatchObject({
    detail: { why: expect.stringContaining("is the agent vm-1") },
  });
  fooled.close();
  await impostor.server.close();
});

test("authorityByPin finds the authority by its fingerprint, and nothing by another", async () => {
  const { fingerprint } = api.authority;
  const authority = await authorityByPin(api.url, fingerprint.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:"));
  const pinned = new ManagerClient({ url: api.url, token: api.token, authority });
  expect(await pinned.list(SEGMENTS)).toEqual([]);
  pinned.close();
  await expect(authorityByPin(api.url, "00".repeat(32))).rejects.toMatchObject({ code: "MANAGER_UNREACHABLE" });
});
