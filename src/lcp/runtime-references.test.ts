import { expect, test } from "vitest";
import { START } from "./position.ts";
import { idOf, type Resource, type ResourceType } from "./resource.ts";
import { agentReferences } from "./runtime-references.ts";
import { SpanIndex } from "./span.ts";

const resource = (type: ResourceType, key: string, body: unknown): Resource => ({ type, key, body, version: START });

const port = (vm: string, segment: string, tep: string) =>
  resource("port", `${segment}|${vm}`, { segment, mac: "02:00:00:00:64:01", tep, node: vm });

const all = [
  resource("tep", "10.99.3.1", { address: "10.99.3.1" }),
  resource("tep", "10.99.3.2", { address: "10.99.3.2" }),
  resource("segment", "web", {}),
  resource("segment", "app", {}),
  port("vm-1", "web", "10.99.3.1"),
  port("vm-2", "app", "10.99.3.2"),
  resource("group", "db", { addresses: [] }),
  resource("group", "admins", { addresses: [] }),
  resource("member", "db|vm-2", { group: "db", addresses: ["192.168.99.2"] }),
  resource("member", "admins|vm-2", { group: "admins", addresses: ["192.168.99.2"] }),
  resource("rule", "edge|in", { section: "edge", order: [0, 0], id: "edge.in", sourceGroups: ["admins"] }),
  resource("policy", "web", { order: 0, rules: [{ id: "web.db", action: "ALLOW", destinationGroups: ["db"] }] }),
  resource("policy", "app", { order: 1, rules: [] }),
  resource("guard", "vm-1", { node: "vm-1", policies: ["web"] }),
  resource("guard", "vm-2", { node: "vm-2", policies: ["app"] }),
];

test("agentReferences give an agent its segments, its policies and those policies' groups, and no more", () => {
  const index = new SpanIndex(agentReferences);
  for (const one of all) index.put(one);
  const spanOf = (agent: string) =>
    [...new Set(index.rootsOf(agent).flatMap((root) => [...index.reachOf(root).ids]))].sort();
  expect(spanOf("vm-1")).toEqual(
    ["group/db", "guard/vm-1", "member/db|vm-2", "policy/web", "port/web|vm-1", "segment/web", "tep/10.99.3.1"].sort(),
  );
  expect(spanOf("vm-2")).toEqual(["guard/vm-2", "policy/app", "port/app|vm-2", "segment/app", "tep/10.99.3.2"]);
  expect(spanOf("nobody")).toEqual([]);
  expect(new Set(all.map(idOf)).size).toBe(all.length);
});
