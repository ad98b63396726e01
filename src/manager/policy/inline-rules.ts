import type { Flaw } from "../../model/flaw.ts";
import { isRecord, join, shown } from "./form.ts";
import type { KindName } from "./kinds.ts";
import type { Fields } from "./stored.ts";

/** A rule that stands in its policy's body. */
interface InlineRule {
  readonly path: string;
  readonly body: unknown;
  /** Its place in what was sent. */
  readonly at: string;
}

export interface PolicyBody {
  readonly fields: Fields;
  /** Undefined: it says nothing about its rules. */
  readonly rules: readonly InlineRule[] | undefined;
  readonly flaws: readonly Flaw[];
}

export const hasRules = (kind: KindName): boolean => kind === "SecurityPolicy" || kind === "GatewayPolicy";

export const rulesPrefix = (policy: string): string => `${policy}/rules/`;

/** A policy's body without the rules in it, which are objects of their own. */
export function withoutRules(path: string, body: Fields, at: string): PolicyBody {
  const { rules, ...fields } = body;
  const field = join(at, "rules");
  if (rules === undefined) return { fields, rules: undefined, flaws: [] };
  if (!Array.isArray(rules))
    return { fields, rules: undefined, flaws: [{ field, value: shown(rules), why: "must be a list of rules" }] };
  const ids = rules.map((rule: unknown) => (isRecord(rule) ? rule["id"] : undefined));
  const first = new Map(ids.map((id, i) => [id, i] as const).toReversed());
  const flaws = ids.flatMap((id, i): Flaw[] => {
    const flaw = (why: string) => [{ field: `${field}[${i}].id`, value: shown(id), why }];
    if (typeof id !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(id))
      return flaw("must be an id: letters, digits, dots, dashes and underscores, 63 at most");
    const earlier = first.get(id) ?? i;
    return earlier < i ? flaw(`is the id of rules[${earlier}] already`) : [];
  });
  if (flaws.length > 0) return { fields, rules: undefined, flaws };
  const read = rules.map((rule: unknown, i) => ({
    path: `${rulesPrefix(path)}${ids[i]}`,
    body: rule,
    at: `${field}[${i}]`,
  }));
  return { fields, rules: read, flaws: [] };
}
