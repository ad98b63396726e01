import { expect, test } from "vitest";
import type { Look } from "../graph.ts";
import { documentsOf } from "../policy.testing.ts";
import { at } from "../tree.ts";
import { conditionsOf } from "./conditions.ts";
import { fits } from "./match.ts";
import type { Interface } from "./subject.ts";

const GROUPS = "/infra/domains/default/groups";

const one: Interface = {
  tier0: "t0",
  addresses: [],
  VirtualMachine: {
    path: "/infra/virtual-machines/vm-1",
    name: "web-01",
    tags: [{ scope: "role", tag: "web" }, { tag: "blue" }],
    osName: "Debian 12",
    image: "ami-1",
  },
  Segment: { path: "/infra/segments/web", name: "Web", tags: [{ scope: "zone", tag: "outer" }] },
  SegmentPort: { path: "/infra/segments/web/ports/p", name: "web-01 eth0", tags: [] },
};

/** `VirtualMachine Tag EQUALS role|web`, AND, OR, addresses or paths. */
function expression(text: string): object {
  if (text === "AND" || text === "OR") return { resource_type: "ConjunctionOperator", conjunction_operator: text };
  if (text.startsWith("/infra/")) return { resource_type: "PathExpression", paths: text.split(" ") };
  if (/^[0-9]/.test(text)) return { resource_type: "IPAddressExpression", ip_addresses: text.split(" ") };
  const [member_type, key, operator, ...value] = text.split(" ");
  return { resource_type: "Condition", member_type, key, operator, value: value.join(" ") };
}

function conditions(groups: Readonly<Record<string, readonly string[]>>) {
  const tree = Object.entries(groups).map(([id, texts]) => [`${GROUPS}/${id}`, { expression: texts.map(expression) }]);
  const documents = documentsOf(Object.fromEntries(tree));
  const look: Look = { get: (key) => documents.get(key), has: () => false, keys: () => [] };
  const group = at<"Group">(look, `${GROUPS}/g`);
  if (!group) throw new Error("there is no group g");
  return conditionsOf(group, look);
}

const isMember = (texts: readonly string[]) => conditions({ g: texts }).clauses.some((clause) => fits(clause, one));

test.each<[boolean, string]>([
  [true, "VirtualMachine Tag EQUALS role|web"],
  [false, "VirtualMachine Tag EQUALS role|we"],
  [false, "VirtualMachine Tag EQUALS zone|web"],
  [true, "VirtualMachine Tag EQUALS |web"],
  [true, "VirtualMachine Tag EQUALS blue"],
  [true, "VirtualMachine Tag EQUALS role|"],
  [false, "VirtualMachine Tag EQUALS zone|"],
  [true, "VirtualMachine Tag EQUALS |"],
  [false, "SegmentPort Tag EQUALS |"],
  [true, "VirtualMachine Tag NOTEQUALS role|app"],
  [false, "VirtualMachine Tag NOTEQUALS role|web"],
  [true, "SegmentPort Tag NOTEQUALS role|web"],
  [true, "VirtualMachine Tag CONTAINS role|e"],
  [false, "VirtualMachine Tag CONTAINS role|lu"],
  [true, "VirtualMachine Tag STARTSWITH |bl"],
  [true, "VirtualMachine Tag ENDSWITH role|eb"],
  [true, "Segment Tag EQUALS zone|outer"],
  [true, "VirtualMachine Name EQUALS web-01"],
  [false, "VirtualMachine Name NOTEQUALS web-01"],
  [true, "VirtualMachine OSName STARTSWITH Debian"],
  [false, "VirtualMachine OSName CONTAINS Windows"],
  [true, "VirtualMachine Image EQUALS ami-1"],
  [false, "Segment Image EQUALS ami-1"],
  [true, "SegmentPort Name ENDSWITH eth0"],
  [true, "/infra/segments/web"],
  [false, "/infra/segments/app /infra/virtual-machines/vm-2"],
  [true, "/infra/segments/app /infra/segments/web/ports/p"],
  [true, "/infra/virtual-machines/vm-1"],
])("it is %s that %s", (is, text) => {
  expect(isMember([text])).toBe(is);
});

const YES = "VirtualMachine Name EQUALS web-01";
const NO = "VirtualMachine Name EQUALS web-02";

test.each<[boolean, string[]]>([
  [false, []],
  [false, [YES, "AND", NO]],
  [true, [YES, "OR", NO]],
  [true, [YES, "OR", NO, "AND", NO]],
  [true, [NO, "AND", YES, "OR", YES]],
  [false, [NO, "AND", YES, "OR", YES, "AND", NO]],
  [true, [YES, "AND", YES, "AND", YES]],
  [false, [YES, "AND", YES, "AND", NO]],
  [false, ["10.0.0.0/8", "OR", NO]],
  [true, ["10.0.0.0/8", "OR", YES, "AND", YES]],
])("it is %s that an interface is in %j: AND binds, OR separates", (is, texts) => {
  expect(isMember(texts)).toBe(is);
});

test("conditionsOf a group are those of the groups it names as well, even where they name it", () => {
  const found = conditions({
    g: ["10.0.0.0/8 10.1.0.0/16", "OR", `${GROUPS}/h ${GROUPS}/gone`],
    h: [YES, "OR", "10.0.0.0/8 10.2.0.0/16", "OR", `${GROUPS}/g`],
  });
  expect(found).toMatchObject({ group: "g", addresses: ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"] });
  expect(found.clauses).toHaveLength(1);
});
