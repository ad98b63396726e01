import { expect, test } from "vitest";
import { idIn, type KindName, kindOf, kinds, parentOf } from "./kinds.ts";

test.each(Object.keys(kinds) as KindName[])("kindOf knows the path of a %s, and nothing longer or shorter", (kind) => {
  const path = kinds[kind].path.replaceAll(/:\w+/g, "an.id-1");
  expect(kindOf(path)).toBe(kind);
  expect(kindOf(`${path}/more`)).toBeUndefined();
  expect(kindOf(path.slice(0, path.lastIndexOf("/")))).not.toBe(kind);
  expect(idIn(path)).toBe("an.id-1");
});

test.each([
  "",
  "/",
  "/infra",
  "/infra/segments",
  "/infra/segments/",
  "/infra/segments/-a",
  "infra/segments/a",
  "/nodes/segments/a",
])("kindOf knows nothing at '%s'", (path) => {
  expect(kindOf(path)).toBeUndefined();
});

test.each([
  { path: "/infra/segments/web", parent: undefined },
  { path: "/infra/segments/web/ports/p", parent: "/infra/segments/web" },
  { path: "/infra/tier-0s/t0/nat/USER/nat-rules/n", parent: "/infra/tier-0s/t0" },
  { path: "/infra/domains/default/groups/g", parent: undefined },
  {
    path: "/infra/domains/default/security-policies/s/rules/r",
    parent: "/infra/domains/default/security-policies/s",
  },
])("parentOf $path is $parent", ({ path, parent }) => {
  expect(parentOf(path)).toBe(parent);
});
