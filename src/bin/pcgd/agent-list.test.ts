import { expect, test } from "vitest";
import { START } from "../../lcp/position.ts";
import { ResourceId as idFor, idOf, type Resource, type ResourceId } from "../../lcp/resource.ts";
import { AgentList } from "./agent-list.ts";

const version = START;
const NOW = 1_000;
const good = (agent: string, ...serials: string[]): Resource => ({
  ...{ type: "certificate", key: agent, version, body: { good: serials.map((serial) => ({ serial })) } },
});
const listed = (...resources: Resource[]) =>
  new AgentList({ resources: new Map<ResourceId, Resource>(resources.map((one) => [idOf(one), one])) });

test("AgentList refuses nobody while the controller keeps no list", () => {
  const port: Resource = { type: "port", key: "vm-1", version, body: {} };
  expect(listed(port).isRefused("vm-1", "4A", NOW)).toBe(false);
});

test("AgentList refuses certificates that are not the agent's, and agents that are not on it", () => {
  const list = listed(good("vm-1", "4a", "4b"), good("vm-2", "5a"), good("vm-3"));
  expect(["4A", "4B", "5A"].map((serial) => list.isRefused("vm-1", serial, NOW))).toEqual([false, false, true]);
  expect([list.isRefused("vm-3", "4A", NOW), list.isRefused("vm-4", "4A", NOW)]).toEqual([true, true]);
});

test("AgentList refuses a certificate that has a successor, in time", () => {
  const body = { good: [{ serial: "4b" }, { serial: "4a", until: NOW }] };
  const list = listed({ ...good("vm-1"), body });
  expect([NOW - 1, NOW].map((now) => list.isRefused("vm-1", "4A", now))).toEqual([false, true]);
});

test("AgentList follows what is told", () => {
  const list = listed(good("vm-1", "4a"), good("vm-2", "5a"));
  expect(list.committed({ upserts: [good("vm-1", "4b")], deletes: [idFor("certificate", "vm-2")] })).toBe(true);
  expect([list.isRefused("vm-1", "4A", NOW), list.isRefused("vm-1", "4B", NOW)]).toEqual([true, false]);
  expect(list.isRefused("vm-2", "5A", NOW)).toBe(true);
  expect(list.committed({ upserts: [], deletes: [idFor("port", "vm-1")] })).toBe(false);
});
