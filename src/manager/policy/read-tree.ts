import { PcgError } from "../../base/error.ts";
import type { Documents } from "../state/documents.ts";
import { idIn, type KindName, kindOf, kinds } from "./kinds.ts";
import { containerOf, type Fields, resourceTypeOf } from "./stored.ts";
import { type ContainerName, containerNameOf, type TreeType } from "./tree-type.ts";

/** What stands for `/infra` itself. */
export const infraObject = {
  resource_type: "Infra",
  id: "infra",
  display_name: "infra",
  path: "/infra",
  relative_path: "infra",
} as const;

/** Something with children, while its tree is made. */
interface Branch {
  readonly children: Fields[];
}

export type Tree = typeof infraObject & Branch;

export interface TreeWanted {
  /** Left out: everything. */
  readonly only?: ReadonlySet<TreeType> | undefined;
  /** Bytes of its JSON. Left out: as many as there are. */
  readonly most?: number;
}

/** What other objects' paths begin with. */
const mayHaveChildren: ReadonlySet<KindName> = new Set(["Tier0", "Segment", "GatewayPolicy", "SecurityPolicy"]);

/** All of the tree, or its objects of some kinds, at once. @throws as {@link treeInSteps} */
export function readTree(documents: Documents, only?: ReadonlySet<TreeType>): Tree {
  const steps = treeInSteps(documents, { only });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * All of the tree, or its objects of some kinds, as `patchTree` takes it: here again, or at a manager that has nothing
 * yet. Revisions are left out, since those of another manager mean nothing.
 *
 * It is the tree of one moment, that of the first step; between two steps, one a document, others may have their turn.
 *
 * @throws MANAGER_BAD_REQUEST where it is larger than wanted
 */
export function* treeInSteps(documents: Documents, wanted: TreeWanted): Generator<undefined, Tree> {
  const { only } = wanted;
  const growth = new Growth(wanted);
  if (only?.has("Domain")) growth.branchOf("/infra/domains/default");
  for (const [path, value] of documentsFor(only, documents)) {
    growth.add(path, value as Fields);
    yield;
  }
  return growth.tree;
}

/** Values are never changed in place, so that holding them all is to know how things were. */
const documentsFor = (only: ReadonlySet<TreeType> | undefined, documents: Documents) =>
  prefixesOf(only).flatMap((prefix) => [...documents.under(prefix)]);

/** Below which the objects of these types are; what has only `PolicyNat` is below Tier-0s. */
function prefixesOf(only: ReadonlySet<TreeType> | undefined): string[] {
  if (!only) return ["/infra/"];
  const names = Object.keys(kinds) as KindName[];
  const wanted = names.filter((kind) => only.has(kind) || (kind === "Tier0" && only.has("PolicyNat")));
  return [...new Set(wanted.map((kind) => `/infra/${kinds[kind].path.split("/")[2]}/`))].toSorted();
}

class Growth {
  readonly tree: Tree = { ...infraObject, children: [] };
  readonly #only: ReadonlySet<TreeType> | undefined;
  readonly #most: number;
  readonly #branches = new Map<string, Branch>([["/infra", this.tree]]);
  #bytes: number;

  constructor({ only, most = Number.POSITIVE_INFINITY }: TreeWanted) {
    this.#only = only;
    this.#most = most;
    this.#bytes = bytesOf(this.tree);
  }

  add(path: string, value: Fields): void {
    const kind = kindOf(path);
    if (!kind) return;
    if (this.#wants(kind)) this.#put(path, kind, value);
    if (kind === "Tier0" && this.#only?.has("PolicyNat")) this.branchOf(`${path}/nat/USER`);
  }

  /** Where the children of a path go. What is not in the tree itself is referred to. */
  branchOf(path: string): Branch {
    const known = this.#branches.get(path);
    if (known) return known;
    const branch: Branch = { children: [] };
    const container = containerNameOf(path);
    const kind = kindOf(path);
    this.#hang(
      path,
      container && this.#only?.has(container)
        ? containerAt(path, container, branch)
        : {
            resource_type: "ChildResourceReference",
            id: idIn(path),
            target_type: kind ? resourceTypeOf(kind) : container,
            ...branch,
          },
    );
    this.#branches.set(path, branch);
    return branch;
  }

  #wants(kind: KindName): boolean {
    return this.#only?.has(kind) ?? true;
  }

  #put(path: string, kind: KindName, { _revision, ...object }: Fields): void {
    const branch: Branch = { children: [] };
    this.#hang(path, childOf(resourceTypeOf(kind), mayHaveChildren.has(kind) ? { ...object, ...branch } : object));
    this.#branches.set(path, branch);
  }

  /** @throws MANAGER_BAD_REQUEST */
  #hang(path: string, child: Fields): void {
    const { children } = this.branchOf(containerOf(path));
    this.#bytes += bytesOf(child) + (children.length > 0 ? ",".length : 0);
    if (this.#bytes > this.#most)
      throw new PcgError("MANAGER_BAD_REQUEST", {
        ...{ field: "filter", why: `selects a tree of more than ${this.#most} bytes` },
        hint: "name fewer types, or read the collections page by page",
      });
    children.push(child);
  }
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

const childOf = (type: string, object: Fields): Fields => ({ resource_type: `Child${type}`, [type]: object });

/** What there always is, and only contains. */
const containerAt = (path: string, type: ContainerName, branch: Branch): Fields =>
  childOf(type, {
    ...{ resource_type: type, id: idIn(path), display_name: idIn(path), path },
    ...{ parent_path: containerOf(path), relative_path: idIn(path) },
    ...branch,
  });
