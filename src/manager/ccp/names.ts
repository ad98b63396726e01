import { hash } from "node:crypto";

/** As long as an id may be. */
const LONGEST = 63;

/**
 * One name for a rule that tells it from those of other policies: `web.from-admins`. Where that might be read in two
 * ways or is too long, a part of its digest takes the place of its end.
 */
export function ruleName(policy: string, rule: string): string {
  const plain = `${policy}.${rule}`;
  const isPlain = plain.length <= LONGEST && !policy.includes(".") && !rule.includes(".");
  return isPlain ? plain : digested(plain, `${policy}/${rule}`);
}

/** The name of one of several things that are made of one: the first is called as that is. */
export const nthName = (name: string, n: number): string => (n === 0 ? name : digested(name, `${name}/${n}`));

const DIGITS = 8;

/** Two dots in a row, which a plain name of two ids without dots cannot have. */
const digested = (text: string, whole: string) =>
  `${text.slice(0, LONGEST - DIGITS - 2)}..${hash("sha256", whole).slice(0, DIGITS)}`;
