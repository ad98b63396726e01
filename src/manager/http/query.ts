import Type from "typebox";
import { PcgError } from "../../base/error.ts";
import { PAGE_SIZE } from "./route.ts";

export const pageQuery = {
  cursor: Type.String({ maxLength: 512, description: "What the page before said. Left out: the first page." }),
  page_size: Type.Integer({ minimum: 1, maximum: PAGE_SIZE, description: `At most so many. Default ${PAGE_SIZE}.` }),
};

type Query = Readonly<Record<string, string>>;

/** @throws MANAGER_BAD_REQUEST */
export function pageOf({ cursor, page_size }: Query): { readonly cursor?: string; readonly pageSize?: number } {
  const pageSize = integerIn("page_size", page_size, { minimum: 1, maximum: PAGE_SIZE });
  return { ...(cursor === undefined ? {} : { cursor }), ...(pageSize === undefined ? {} : { pageSize }) };
}

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

/** @throws MANAGER_BAD_REQUEST */
export function integerIn(field: string, text: string | undefined, { minimum, maximum }: Bounds): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new PcgError("MANAGER_BAD_REQUEST", {
    field,
    value: text,
    why: `must be an integer, ${minimum} to ${maximum}`,
  });
}

/**
 * What is in a query, each once, and nothing that would be passed over in silence.
 *
 * @param known names that may be there
 * @throws MANAGER_BAD_REQUEST
 */
export function queryOf(given: unknown, known: readonly string[]): Query {
  for (const [field, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    if (field === "force")
      throw new PcgError("MANAGER_BAD_REQUEST", {
        ...{ field, value, why: "is not supported: nothing is removed that others refer to" },
        hint: "remove what refers to it first, or all of it in one PATCH of /infra",
      });
    if (!known.includes(field)) {
      const why = known.length > 0 ? `is no parameter here: there are ${known.join(", ")}` : "is no parameter here";
      throw new PcgError("MANAGER_BAD_REQUEST", { field, value, why });
    }
    if (typeof value !== "string") throw new PcgError("MANAGER_BAD_REQUEST", { field, why: "may be there once" });
  }
  return given as Query;
}

/** The revision that `If-Match` names (RFC 9110 §13.1.1). @throws MANAGER_BAD_REQUEST */
export function revisionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(ifMatch.trim()) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new PcgError("MANAGER_BAD_REQUEST", {
    ...{ field: "If-Match", value: ifMatch, why: 'must be one revision in quotes, such as "3"' },
  });
}
