import { PcgError } from "../../base/error.ts";
import type { Change } from "../state/documents.ts";
import { refuseDeep } from "./depth.ts";
import { Edits } from "./edits.ts";
import { filledInFields } from "./fields.ts";
import { isRecord, join, shown } from "./form.ts";
import { type KindName, kinds } from "./kinds.ts";
import { type Author, type Fields, resourceTypeOf } from "./stored.ts";

/** What may stand in `children` somewhere, and where its object is then. */
interface Place {
  /** Words of the path it stands in; `:name` for an id. */
  readonly inside: readonly string[];
  readonly collection: string;
  /** Undefined: an object. Else it only contains others, and this is its one id. */
  readonly fixedId?: string;
}

interface Row extends Place {
  readonly name: string;
}

const rowOf = (name: string, path: string, fixedId?: string): Row => {
  const words = path.split("/");
  const place = { name, inside: words.slice(0, -2), collection: words.at(-2) ?? "" };
  return fixedId === undefined ? place : { ...place, fixedId };
};

/** Every kind by its own name and by its `resource_type`, which both kinds of rules share; and what only contains. */
const rows: readonly Row[] = [
  ...Object.entries(kinds).flatMap(([name, { path }]) =>
    [...new Set([name, resourceTypeOf(name as KindName)])].map((word) => rowOf(word, path)),
  ),
  rowOf("Domain", "/infra/domains/:id", "default"),
  rowOf("PolicyNat", "/infra/tier-0s/:tier0/nat/:id", "USER"),
];

const INFRA = "/infra";

/** What the root of a body may say besides its children. */
const rootFields: ReadonlySet<string> = new Set([
  ...filledInFields,
  ...["resource_type", "id", "display_name", "children", "_revision"],
]);

/**
 * PATCH of the whole tree: the objects that a body names are created, merged or (`marked_for_delete`) removed, all or
 * none. What it does not name stays. Order in the body does not matter to what may refer to what.
 *
 * @param body `{ resource_type: "Infra", children: [{ resource_type: "ChildSegment", Segment: {…} }, …] }`
 * @throws when applied: MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_NOT_FOUND, MANAGER_CONFLICT, MANAGER_IN_USE
 */
export const patchTree =
  (body: unknown, author: Author): Change =>
  (documents) => {
    refuseDeep(body);
    const edits = new Edits(documents, author);
    readRoot(edits, body);
    return edits.finish();
  };

function readRoot(edits: Edits, body: unknown): void {
  if (!isRecord(body)) {
    edits.flaw({ field: "", value: shown(body), why: "must be an object with resource_type Infra and children" });
    return;
  }
  if (body["resource_type"] !== "Infra")
    edits.flaw({ field: "resource_type", value: shown(body["resource_type"]), why: "must be Infra" });
  for (const [field, value] of Object.entries(body))
    if (!rootFields.has(field)) edits.flaw({ field, value: shown(value), why: "no such field" });
  readChildren(edits, { of: body, inside: INFRA, at: "" });
}

interface Parent {
  readonly of: Fields;
  /** The path its children's stand below. */
  readonly inside: string;
  readonly at: string;
}

function readChildren(edits: Edits, { of, inside, at }: Parent): void {
  const { children = [] } = of;
  const field = join(at, "children");
  if (!Array.isArray(children)) {
    edits.flaw({ field, value: shown(children), why: "must be a list" });
    return;
  }
  children.forEach((child: unknown, i) => {
    readChild(edits, child, { inside, at: `${field}[${i}]` });
  });
}

interface Here {
  readonly inside: string;
  readonly at: string;
}

function readChild(edits: Edits, child: unknown, here: Here): void {
  const type = isRecord(child) ? child["resource_type"] : undefined;
  if (!isRecord(child) || typeof type !== "string" || !type.startsWith("Child")) {
    const field = isRecord(child) ? `${here.at}.resource_type` : here.at;
    const value = shown(isRecord(child) ? type : child);
    edits.flaw({
      field,
      value,
      why: "must be an object whose resource_type is Child and a kind, such as ChildSegment",
    });
  } else if (type === "ChildResourceReference") readReference(edits, child, here);
  else readEdited(edits, child, { ...here, name: type.slice("Child".length) });
}

/** Goes to an object without changing it. */
function readReference(edits: Edits, child: Fields, { inside, at }: Here): void {
  const { target_type: type } = child;
  const row = rowIn(inside, type);
  if (!row) {
    edits.flaw({ field: `${at}.target_type`, value: shown(type), why: misplaced(inside) });
    return;
  }
  refuseOthers(edits, child, { at, known: ["resource_type", "id", "target_type", "children"] });
  const path = pathIn(edits, child, { inside, at, row });
  if (path === undefined) return;
  if (row.fixedId === undefined && !edits.has(path))
    throw new PcgError("MANAGER_NOT_FOUND", { path, field: `${at}.id`, value: child["id"], why: NOT_YET });
  readChildren(edits, { of: child, inside: path, at });
}

const NOT_YET = "there is no such object: create it before what is below it";

function readEdited(edits: Edits, child: Fields, { inside, at, name }: Here & { readonly name: string }): void {
  const row = rowIn(inside, name);
  const object = child[name];
  const field = `${at}.${name}`;
  if (!row) {
    edits.flaw({ field: `${at}.resource_type`, value: shown(child["resource_type"]), why: misplaced(inside) });
    return;
  }
  refuseOthers(edits, child, { at, known: ["resource_type", "marked_for_delete", name] });
  if (!isRecord(object)) {
    edits.flaw({ field, value: shown(object), why: `must be the ${name}, an object` });
    return;
  }
  const path = pathIn(edits, object, { inside, at: field, row });
  if (path === undefined) return;
  const isDoomed = isMarked(edits, child, at) || isMarked(edits, object, field);
  if (row.fixedId !== undefined) readContainer(edits, object, { path, at: field, isDoomed });
  else if (isDoomed) removeIfThere(edits, path);
  else {
    const { children: _, ...body } = object;
    edits.patch({ path, body, at: field });
    readChildren(edits, { of: object, inside: path, at: field });
  }
}

interface Container {
  readonly path: string;
  readonly at: string;
  readonly isDoomed: boolean;
}

function readContainer(edits: Edits, object: Fields, { path, at, isDoomed }: Container): void {
  if (isDoomed) edits.flaw({ field: at, value: undefined, why: "is always there and cannot be removed" });
  const known = ["resource_type", "id", "display_name", "nat_type", "children", "_revision", ...filledInFields];
  refuseOthers(edits, object, { at, known });
  readChildren(edits, { of: object, inside: path, at });
}

/** Sent again, a body changes nothing: what is gone already may be removed once more. */
function removeIfThere(edits: Edits, path: string): void {
  if (edits.has(path)) edits.remove(path);
}

function isMarked(edits: Edits, { marked_for_delete: mark }: Fields, at: string): boolean {
  if (mark !== undefined && typeof mark !== "boolean")
    edits.flaw({ field: `${at}.marked_for_delete`, value: shown(mark), why: "must be true or false" });
  return mark === true;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

function pathIn(edits: Edits, { id }: Fields, { inside, at, row }: Here & { readonly row: Row }): string | undefined {
  const field = `${at}.id`;
  if (typeof id !== "string" || !ID.test(id)) {
    const why = "must be an id: letters, digits, dots, dashes and underscores, 63 at most";
    edits.flaw({ field, value: shown(id), why });
    return undefined;
  }
  if (row.fixedId !== undefined && id !== row.fixedId) {
    edits.flaw({ field, value: id, why: `must be ${row.fixedId}, the only one` });
    return undefined;
  }
  return `${inside}/${row.collection}/${id}`;
}

interface Known {
  readonly at: string;
  readonly known: readonly string[];
}

function refuseOthers(edits: Edits, object: Fields, { at, known }: Known): void {
  for (const [name, value] of Object.entries(object))
    if (!known.includes(name)) edits.flaw({ field: join(at, name), value: shown(value), why: "no such field" });
}

const rowIn = (inside: string, name: unknown): Row | undefined => rowsIn(inside).find((row) => row.name === name);

function rowsIn(inside: string): Row[] {
  const words = inside.split("/");
  return rows.filter(
    (row) => row.inside.length === words.length && row.inside.every((w, n) => w.startsWith(":") || w === words[n]),
  );
}

const misplaced = (inside: string) =>
  `does not belong below ${inside}, where there may be ${rowsIn(inside)
    .map((row) => row.name)
    .join(", ")}`;
