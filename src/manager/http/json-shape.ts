import { PcgError } from "../../base/error.ts";

/** What a body may look like before it is parsed. */
export interface Shape {
  /** Lists and objects in one another. */
  readonly depth: number;
  /** Values of whatever kind: an empty list of two characters becomes an object of dozens of bytes. */
  readonly values: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Whether it opens (1), closes (-1) or neither. */
const step = (code: number): number => {
  if (code === 0x5b || code === 0x7b) return 1;
  return code === 0x5d || code === 0x7d ? -1 : 0;
};

/**
 * Counts what JSON would become, in one pass over its text and without building it. Text that is no JSON may pass: the
 * parser refuses it.
 *
 * @throws MANAGER_BAD_REQUEST
 */
export function refuseShape(text: string, most: Shape): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    const by = step(code);
    depth += by;
    if (by > 0 || code === COMMA) values++;
    if (depth > most.depth) throw refusal(`is nested more than ${most.depth} deep`);
    if (values > most.values) throw refusal(`has more than ${most.values} values`);
  }
}

/** Where the quote that ends it is; the text's end if there is none. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    if (!isEscaped(text, end, start)) return end;
  }
  return text.length;
}

function isEscaped(text: string, at: number, start: number): boolean {
  let backslashes = 0;
  while (at - 1 - backslashes > start && text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

const refusal = (why: string) => new PcgError("MANAGER_BAD_REQUEST", { field: "", why });
