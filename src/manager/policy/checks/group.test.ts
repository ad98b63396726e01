import { expect, test } from "vitest";
import { expectRefused } from "../../../../test/policy-refused.ts";
import { author, goodWorld } from "../../../../test/policy-world.ts";
import { patch } from "../edit.ts";
import { patchTree } from "../hierarchy.ts";

test.each([
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS", value: "a|b" },
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS", value: "a|b" },
      ],
    },
    says: ['expression[1]: needs a ConjunctionOperator between it and the part before (is "Condition")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS", value: "a|b" },
        { resource_type: "ConjunctionOperator", conjunction_operator: "AND" },
      ],
    },
    says: ['expression[1]: has no part after it; leave it out, or add one (is "ConjunctionOperator")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: { expression: [{ resource_type: "ConjunctionOperator", conjunction_operator: "AND" }] },
    says: ['expression[0]: has no part before it to join; put one there (is "ConjunctionOperator")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS", value: "a|b" },
        { resource_type: "ConjunctionOperator", conjunction_operator: "AND" },
        { resource_type: "IPAddressExpression", ip_addresses: ["1.2.3.4"] },
      ],
    },
    says: ['expression[1].conjunction_operator: only joins conditions; take OR (is "AND")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "Segment", key: "OSName", operator: "EQUALS", value: "a|b" },
      ],
    },
    says: ['expression[0].key: is not known of a Segment; take member_type VirtualMachine (is "OSName")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: {
      expression: [
        { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag", operator: "EQUALS", value: "a|b|c" },
      ],
    },
    says: ['expression[0].value: must be SCOPE|TAG, with one | at most (is "a|b|c")'],
  },
  {
    path: "/infra/domains/default/groups/g",
    body: { expression: [{ resource_type: "PathExpression", paths: ["/infra/domains/default/groups/g"] }] },
    says: [
      'expression[0].paths[0]: makes /infra/domains/default/groups/g a part of itself: /infra/domains/default/groups/g; take one of these out (is "/infra/domains/default/groups/g")',
    ],
  },
  {
    path: "/infra/domains/default/groups/web",
    body: { expression: [{ resource_type: "PathExpression", paths: ["/infra/domains/default/groups/all"] }] },
    says: [
      'expression[0].paths[0]: makes /infra/domains/default/groups/web a part of itself: /infra/domains/default/groups/all > /infra/domains/default/groups/web; take one of these out (is "/infra/domains/default/groups/all")',
    ],
  },
])("groups refuse: $says", expectRefused);

const CHAIN = 5_000;
const path = (n: number) => `/infra/domains/default/groups/n${n}`;
const of = (...ns: number[]) => ({ expression: [{ resource_type: "PathExpression", paths: ns.map(path) }] });
const chain = (last: object) => ({
  resource_type: "Infra",
  children: [
    {
      resource_type: "ChildDomain",
      Domain: {
        id: "default",
        children: Array.from({ length: CHAIN }, (_, n) => ({
          resource_type: "ChildGroup",
          Group: { id: `n${n}`, ...(n === CHAIN - 1 ? last : of(n + 1)) },
        })),
      },
    },
  ],
});

test("groups may be parts of each other in a long chain, which may not be closed", () => {
  const world = goodWorld();
  world.apply(patchTree(chain({ expression: [] }), author));
  const [code, flaw] = world.refusal(patch(path(CHAIN - 1), of(0), author));
  expect(code).toBe("MANAGER_REFUSED");
  expect(flaw).toContain("expression[0].paths[0]: makes /infra/domains/default/groups/n4999 a part of itself");
  expect(goodWorld().refusal(patchTree(chain(of(0)), author))[0]).toBe("MANAGER_REFUSED");
});

test("groups may share a part", () => {
  const world = goodWorld();
  world.apply(patch(path(0), { expression: [] }, author));
  for (const n of [1, 2]) world.apply(patch(path(n), of(0), author));
  expect(world.refusal(patch(path(3), of(1, 2, 0), author))).toEqual([]);
});
