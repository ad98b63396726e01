import { PcgError } from "../../base/error.ts";
import type { Documents } from "../state/documents.ts";
import { kindAt } from "./edits.ts";
import { hasRules, rulesPrefix } from "./inline-rules.ts";
import { type KindName, kindOf, parentOf } from "./kinds.ts";
import type { Fields } from "./stored.ts";

/** One object; a policy with its rules, in the order they are asked. @throws MANAGER_NOT_FOUND */
export function readObject(documents: Documents, path: string): Fields {
  const kind = kindAt(path);
  const object = documents.get(path) as Fields | undefined;
  if (!object) throw new PcgError("MANAGER_NOT_FOUND", { path, why: "there is no such object" });
  return hasRules(kind) ? { ...object, rules: rulesOf(documents, path) } : object;
}

/** In the order they are asked. */
function rulesOf(documents: Documents, policy: string): Fields[] {
  const rules = [...documents.under(rulesPrefix(policy))].map(([, rule]) => rule as Fields);
  const place = (rule: Fields) => (rule["sequence_number"] ?? 0) as number;
  return rules.toSorted((a, b) => place(a) - place(b));
}

export interface Page {
  /** What the page before said; left out: the first. */
  readonly cursor?: string | undefined;
  /** 1 to 1000. */
  readonly pageSize?: number | undefined;
}

export interface Listing {
  readonly results: readonly Fields[];
  /** Of all pages. */
  readonly result_count: number;
  /** Where the next page begins; left out: there is none. */
  readonly cursor?: string;
}

const LARGEST_PAGE = 1_000;

/**
 * The objects of a collection such as `/infra/segments`, in order of their ids. Pages are by id: what comes and goes
 * between two of them neither repeats nor hides others.
 *
 * @throws MANAGER_NOT_FOUND, MANAGER_BAD_REQUEST
 */
export function listObjects(documents: Documents, collection: string, { cursor = "", pageSize }: Page = {}): Listing {
  collectionAt(documents, collection);
  const size = pageSize ?? LARGEST_PAGE;
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE)
    throw new PcgError("MANAGER_BAD_REQUEST", {
      field: "page_size",
      value: size,
      why: `must be an integer, 1 to ${LARGEST_PAGE}`,
    });
  const all = [...objectsIn(documents, collection)];
  const rest = all.filter(({ id }) => id > cursor);
  const results = rest.slice(0, size).map(({ object }) => object);
  const last = rest[size - 1]?.id;
  return { results, result_count: all.length, ...(rest.length > size && last !== undefined ? { cursor: last } : {}) };
}

/** Without what is below them. */
function* objectsIn(
  documents: Documents,
  collection: string,
): Generator<{ readonly id: string; readonly object: Fields }> {
  for (const [key, value] of documents.under(`${collection}/`)) {
    const id = key.slice(collection.length + 1);
    if (!id.includes("/")) yield { id, object: value as Fields };
  }
}

/** @throws MANAGER_NOT_FOUND where there is no such collection, or what it belongs to is not there */
function collectionAt(documents: Documents, collection: string): KindName {
  const one = `${collection}/x`;
  const kind = kindOf(one);
  if (!kind) throw new PcgError("MANAGER_NOT_FOUND", { path: collection, why: "is no collection of objects" });
  const parent = parentOf(one);
  if (parent !== undefined && documents.get(parent) === undefined)
    throw new PcgError("MANAGER_NOT_FOUND", { path: parent, why: "there is no such object" });
  return kind;
}
