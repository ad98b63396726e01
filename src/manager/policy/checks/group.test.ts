import { expect, test } from "vitest";
import { author, goodWorld } from "../../../../test/policy-world.ts";
import { patch } from "../edit.ts";

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
])("groups refuse: $says", ({ path, body, says }) => {
  const world = goodWorld();
  const before = world.all();
  const [code, ...flaws] = world.refusal(patch(path, body, author));
  expect(flaws).toEqual(says);
  expect(code).toBe("MANAGER_REFUSED");
  expect(world.all()).toEqual(before);
});
