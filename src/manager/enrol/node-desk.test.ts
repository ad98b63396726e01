import { expect, test } from "vitest";
import type { Identity } from "../../lcp/identity.ts";
import { commitsOver } from "../state/commits.testing.ts";
import { NodeDesk } from "./node-desk.ts";
import { newNode, nodeKey } from "./nodes.ts";

const NOW = Date.UTC(2026, 0, 1);
const author = { user: "admin", wallMs: NOW };
const node: Identity = { role: "agent", id: "i-1" };

test("NodeDesk shows a node with its certificates, and what became of it", async () => {
  const commits = await commitsOver();
  const desk = new NodeDesk(commits);
  expect(await desk.read(node)).toBeUndefined();
  const certificate = { pem: "", serial: "4a", notAfter: NOW + 1_000 };
  const record = newNode({ certificate, by: "identity document from 10.0.0.1", instance: "i-1" }, NOW);
  await commits.commit("enrolment", () => new Map([[nodeKey(node), record]]));
  expect(await desk.read(node)).toEqual({
    ...{ role: "agent", id: "i-1", instance: "i-1" },
    certificates: [{ serial: "4a", good_until: "2026-01-01T00:00:01.000Z" }],
    ...{ enrolled_at: "2026-01-01T00:00:00.000Z", enrolled_by: "identity document from 10.0.0.1" },
  });
  await desk.revoke(node, author);
  expect(await desk.read(node)).toMatchObject({ certificates: [], revoked_by: "admin" });
  await desk.forget(node, author);
  expect(await desk.read(node)).toBeUndefined();
  await expect(desk.revoke(node, author)).rejects.toThrow("MANAGER_NOT_FOUND");
});

test("NodeDesk gives out tokens for gateways and agents, a quarter of an hour long or as asked", async () => {
  const desk = new NodeDesk(await commitsOver());
  expect(await desk.newToken(node, undefined, author)).toEqual({
    ...{ role: "agent", id: "i-1", expires_at: "2026-01-01T00:15:00.000Z" },
    token: expect.stringMatching(/^join_[A-Za-z0-9_-]{43}$/),
  });
  const { expires_at } = await desk.newToken({ role: "gateway", id: "pcg-a" }, 60_000, author);
  expect(expires_at).toBe("2026-01-01T00:01:00.000Z");
  await expect(desk.newToken({ role: "manager", id: "mgr" }, undefined, author)).rejects.toThrow("MANAGER_REFUSED");
});
