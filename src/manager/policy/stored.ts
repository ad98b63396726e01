import { isDeepStrictEqual } from "node:util";
import { filledInFields } from "./fields.ts";
import { idIn, type KindName, kinds } from "./kinds.ts";

/** Who wants an edit, and when (milliseconds since 1970). */
export interface Author {
  readonly user: string;
  readonly wallMs: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** What its path and the manager say of an object; the rest is its author's. */
const givenByPath: ReadonlySet<string> = new Set([...filledInFields, "id", "resource_type", "_revision"]);

/** An object without what follows from its path or is the manager's. */
export const ownFields = (object: Fields): Fields =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !givenByPath.has(name)));

/** `Rule` of both kinds of rules. */
export const resourceTypeOf = (kind: KindName): string => kinds[kind].schema.properties.resource_type.const;

/** The path up to a collection: `/infra/domains/default` of a group's. Fixed words count. */
export const containerOf = (path: string): string => path.split("/").slice(0, -2).join("/");

/** @param before what is there now @returns what is to be there; `before` itself where nothing is new */
export function stored(path: string, kind: KindName, fields: Fields, { before, author }: Made): Fields {
  const id = idIn(path);
  const own = { ...fields, display_name: fields["display_name"] ?? id };
  if (before && isDeepStrictEqual(ownFields(before), own)) return before;
  const container = containerOf(path);
  return {
    resource_type: resourceTypeOf(kind),
    id,
    ...own,
    path,
    parent_path: container,
    relative_path: id,
    _create_user: before?.["_create_user"] ?? author.user,
    _create_time: before?.["_create_time"] ?? author.wallMs,
    _last_modified_user: author.user,
    _last_modified_time: author.wallMs,
    _revision: before ? revisionOf(before) + 1 : 0,
  };
}

interface Made {
  readonly before: Fields | undefined;
  readonly author: Author;
}

export const revisionOf = (object: Fields): number => object["_revision"] as number;
