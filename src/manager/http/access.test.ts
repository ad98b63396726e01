import { randomBytes } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { commitsOver } from "../state/commits.testing.ts";
import type { Commits } from "../state/documents.ts";
import { Access } from "./access.ts";

let wallMs: number;
let commits: Commits;
let access: Access;
beforeEach(async () => {
  wallMs = 1_700_000_000_000;
  commits = await commitsOver();
  access = new Access({ commits, wall: () => wallMs, random: randomBytes });
});

const MINUTE = 60_000;

test("Access knows whoever has a token, by what is kept of it, which is not the token", async () => {
  const { id, token } = await access.create({ name: "ci", role: "operator" }, "admin");
  expect(access.callerOf(token)).toEqual({ id, name: "ci", role: "operator" });
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify([...commits.documents.under("/")])).not.toContain(token.slice(4));
  for (const other of ["", id, `${token}x`, token.slice(0, -1), `pcg_${"A".repeat(43)}`])
    expect(() => access.callerOf(other)).toThrow(expect.objectContaining({ code: "MANAGER_UNKNOWN_CALLER" }));
});

test("a token is good until the millisecond it expires, and makes room after that", async () => {
  const { token } = await access.create({ name: "ci", role: "viewer", forMs: MINUTE }, "admin");
  wallMs += MINUTE - 1;
  expect(access.callerOf(token).name).toBe("ci");
  await expect(access.create({ name: "ci", role: "viewer" }, "admin")).rejects.toMatchObject({
    code: "MANAGER_CONFLICT",
  });
  wallMs += 1;
  expect(() => access.callerOf(token)).toThrow("the token ci has expired");
  await access.create({ name: "ci", role: "admin" }, "admin");
  expect(access.list().map(({ role }) => role)).toEqual(["admin"]);
});

test("first gives a token once, to one of those who ask, and again only when nobody has one that is good", async () => {
  const kept: unknown[] = [];
  const keep = (token: string) => void kept.push(token, [...commits.documents.under("/")]);
  const answers = await Promise.all([access.first(keep), access.first()]);
  expect(kept).toEqual([answers[0], []]);
  const [token, ...more] = answers.filter((one) => one !== undefined);
  expect(more).toEqual([]);
  expect(access.callerOf(token ?? "").role).toBe("admin");
  expect(await access.first()).toBeUndefined();
});

test("first makes way for itself where the administrator's token has expired", async () => {
  await access.create({ name: "admin", role: "admin", forMs: MINUTE }, "x");
  wallMs += MINUTE;
  expect(access.callerOf((await access.first()) ?? "").name).toBe("admin");
  expect(access.list()).toHaveLength(1);
});

test("the last administrator's token that does not expire is not revoked; any other is", async () => {
  await access.first();
  const [only] = access.list();
  const id = only?.id ?? "";
  const brief = await access.create({ name: "brief", role: "admin", forMs: MINUTE }, "admin");
  await expect(access.revoke(id, "admin")).rejects.toMatchObject({ code: "MANAGER_REFUSED" });
  await access.revoke(brief.id, "admin");
  await access.create({ name: "second", role: "admin" }, "admin");
  await access.revoke(id, "admin");
  expect(access.list().map(({ name }) => name)).toEqual(["second"]);
  await expect(access.revoke(id, "admin")).rejects.toMatchObject({ code: "MANAGER_NOT_FOUND" });
});
