import type { Documents } from "../state/documents.ts";
import { idIn, type KindName, kindOf } from "./kinds.ts";
import { containerOf, type Fields, resourceTypeOf } from "./stored.ts";

/** Something with children, while its tree is made. */
interface Branch {
  readonly children: Fields[];
}

export interface Tree extends Branch {
  readonly resource_type: "Infra";
  readonly id: "infra";
  readonly path: "/infra";
}

/** What other objects' paths begin with. */
const mayHaveChildren: ReadonlySet<KindName> = new Set(["Tier0", "Segment", "GatewayPolicy", "SecurityPolicy"]);

/**
 * All of the tree, or its objects of some kinds, as `patchTree` takes it: here again, or at a manager that has nothing
 * yet. Revisions are left out, since those of another manager mean nothing.
 */
export function readTree(documents: Documents, only?: ReadonlySet<string>): Tree {
  const tree: Tree = { resource_type: "Infra", id: "infra", path: "/infra", children: [] };
  const branches = new Map<string, Branch>([["/infra", tree]]);
  for (const [path, value] of documents.under("/infra/")) {
    const kind = kindOf(path);
    if (!kind || (only && !only.has(kind))) continue;
    const { _revision, ...object } = value as Fields;
    const children: Fields[] = [];
    branchOf(containerOf(path), branches).children.push(
      childOf(kind, mayHaveChildren.has(kind) ? { ...object, children } : object),
    );
    branches.set(path, { children });
  }
  return tree;
}

const childOf = (kind: KindName, object: Fields): Fields => {
  const type = resourceTypeOf(kind);
  return { resource_type: `Child${type}`, [type]: object };
};

/** Where the children of a path go. What is not in the tree itself is referred to. */
function branchOf(path: string, branches: Map<string, Branch>): Branch {
  const known = branches.get(path);
  if (known) return known;
  const children: Fields[] = [];
  const reference = { resource_type: "ChildResourceReference", id: idIn(path), target_type: typeOf(path), children };
  branchOf(containerOf(path), branches).children.push(reference);
  const branch = { children };
  branches.set(path, branch);
  return branch;
}

/** What there always is has no kind of its own. */
function typeOf(path: string): string {
  const kind = kindOf(path);
  if (kind) return resourceTypeOf(kind);
  return path.startsWith("/infra/domains/") ? "Domain" : "PolicyNat";
}
