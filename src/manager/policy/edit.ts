import type { Change } from "../state/documents.ts";
import { refuseDeep } from "./depth.ts";
import { Edits } from "./edits.ts";
import type { Author } from "./stored.ts";

/**
 * The whole object. One that is there is replaced, and `_revision` has to be its own; a policy's inline `rules` take the
 * place of all it had.
 *
 * @throws when applied: MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_NOT_FOUND, MANAGER_CONFLICT
 */
export const put =
  (path: string, body: unknown, author: Author): Change =>
  (documents) => {
    refuseDeep(body);
    const edits = new Edits(documents, author);
    edits.put({ path, body, at: "" });
    return edits.finish();
  };

/**
 * Some fields of an object; null takes one out. Creates it where it is not there. Inline `rules` are created or merged
 * by their ids, and others stay.
 *
 * @throws when applied, as {@link put}
 */
export const patch =
  (path: string, body: unknown, author: Author): Change =>
  (documents) => {
    refuseDeep(body);
    const edits = new Edits(documents, author);
    edits.patch({ path, body, at: "" });
    return edits.finish();
  };

/**
 * An object and all below it.
 *
 * @param revision only if this is its revision
 * @throws when applied: MANAGER_NOT_FOUND, MANAGER_IN_USE, MANAGER_CONFLICT
 */
export const remove =
  (path: string, revision?: number): Change =>
  (documents) => {
    const edits = new Edits(documents, { user: "", wallMs: 0 });
    edits.remove(path, revision);
    return edits.finish();
  };
