import { claim } from "../claims.ts";
import { parentOf } from "../kinds.ts";
import { referencesOf, writtenAs } from "../references.ts";
import type { Check, Scope } from "./check.ts";

/** What an edited object refers to has to be there when all is done. */
export const references: Check = function* ({ draft, edited }) {
  for (const { path, kind, after } of edited)
    for (const reference of after ? referencesOf(kind, after) : [])
      if (draft.get(reference.path) === undefined) {
        const why = `there is no ${reference.path}; create it first, or in the same PATCH of /infra`;
        yield { path, field: reference.field, value: writtenAs(reference), why };
      }
};

/** Parents that are not there. */
export function orphans({ draft, edited }: Scope): { readonly path: string; readonly parent: string }[] {
  return edited.flatMap(({ path, after }) => {
    const parent = after && parentOf(path);
    return parent && draft.get(parent) === undefined ? [{ path, parent }] : [];
  });
}

export interface InUse {
  readonly path: string;
  readonly by: readonly string[];
}

/** What is removed although something that stays refers to it. */
export function inUse({ draft, edited }: Scope): InUse[] {
  return edited.flatMap(({ path, after }) => {
    if (after !== undefined) return [];
    const by = [...draft.holders(claim.to(path))];
    return by.length > 0 ? [{ path, by: by.toSorted() }] : [];
  });
}
