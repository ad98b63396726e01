/**
 * What a terminal, a log viewer or a browser obeys instead of showing it: C0 (ESC among them), DEL and C1 control
 * characters (Cc); bidirectional controls, zero-width and other format characters (Cf: U+061C, U+200B-U+200F,
 * U+202A-U+202E, U+2060-U+2069, U+FEFF, tags); the line and the paragraph separator (Zl, Zp); halves of a surrogate pair.
 * Unicode Standard, table 4-4; Unicode Technical Report 36, section 2.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const FIRST_UNPRINTABLE = new RegExp(UNPRINTABLE.source, "u");

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const unitEscaped = (unit: string): string => short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** UTF-16 unit by unit, as JSON writes it: an escape inside of a JSON string stays what the character was. */
const escaped = (character: string): string => character.split("").map(unitEscaped).join("");

/** Untrusted text as one line that changes nothing where it is shown: what is not to be shown is written out, `\u001b`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/** The same for text of several lines: `\n` stays. */
export const printableLines = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => (character === "\n" ? character : escaped(character)));

/** A value as JSON for a terminal. What parses it gets the value back, whatever its strings contain. */
export const printableJson = (value: unknown, indent?: number): string =>
  printableLines(JSON.stringify(value, undefined, indent) ?? "undefined");

/** The first character of a text that may not be shown as it is, such as `U+202E`; undefined: there is none. */
export function unprintableIn(text: string): string | undefined {
  const character = FIRST_UNPRINTABLE.exec(text)?.[0];
  return character && `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`;
}
