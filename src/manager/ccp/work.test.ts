import { expect, test } from "vitest";
import { Compiler } from "./compiler.ts";
import { inventory, machine } from "./inventory.testing.ts";

/** Its port, what groups see of it, and its part in groups and policies. */
const FOR_ONE_VM = 3;

test.each([100, 1_000])("the work for one changed tag among %i VMs is that for one VM", (endpoints) => {
  const documents = inventory({ endpoints, groups: endpoints / 10 });
  const compiler = new Compiler(documents);
  const before = compiler.runs;
  const [path, vm] = machine(7, 3);
  documents.apply(new Map([[path, vm]]));
  const deltas = compiler.changed([path]);
  expect(compiler.runs - before).toBe(FOR_ONE_VM);
  expect(deltas).toMatchObject([{ upserts: [{ key: "g3|vm-7" }], deletes: ["member/g7|vm-7"] }]);
});

test("the work for a rule of a policy is that for the policy, however many VMs it guards", () => {
  const documents = inventory({ endpoints: 1_000, groups: 10 });
  const compiler = new Compiler(documents);
  const before = compiler.runs;
  const path = "/infra/domains/default/security-policies/p0/rules/r1";
  const rule = documents.get(path) as object;
  documents.apply(new Map([[path, { ...rule, action: "DROP" }]]));
  expect(compiler.changed([path])).toMatchObject([{ upserts: [{ type: "policy", key: "p0" }], deletes: [] }]);
  expect(compiler.runs - before).toBe(1);
});
