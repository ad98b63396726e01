import { endOfString } from "./json-shape.ts";

/** An object or a list that is not closed yet. */
class Level {
  /** undefined: it is a list. */
  readonly #keys: Set<string> | undefined;
  /** The key whose value follows; undefined: the next string is a key. */
  #key: string | undefined;
  #index = 0;

  constructor(isObject: boolean) {
    this.#keys = isObject ? new Set() : undefined;
  }

  comma(): void {
    this.#key = undefined;
    this.#index++;
  }

  /** Whether the text is a key that was there before. */
  repeats(literal: string): boolean {
    if (!this.#keys || this.#key !== undefined) return false;
    this.#key = keyOf(literal);
    if (this.#keys.has(this.#key)) return true;
    this.#keys.add(this.#key);
    return false;
  }

  /** Where it is, as part of a path. */
  place(): string {
    return this.#keys ? `.${this.#key}` : `[${this.#index}]`;
  }
}

/**
 * The path of a key that one object has twice, such as `rules[0].id`; undefined: there is none. JSON parsers take the last
 * of two (RFC 8259, section 4 leaves it open), so that who checks and who reads can see different things. Text that is no
 * JSON may pass: the parser refuses it.
 */
export function repeatedKey(text: string): string | undefined {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== '"') {
      nest(levels, character);
      continue;
    }
    const end = endOfString(text, at);
    if (levels.at(-1)?.repeats(text.slice(at, end + 1))) return pathOf(levels);
    at = end;
  }
  return undefined;
}

function nest(levels: Level[], character: string): void {
  switch (character) {
    case "{":
    case "[":
      levels.push(new Level(character === "{"));
      break;
    case "}":
    case "]":
      levels.pop();
      break;
    case ",":
      levels.at(-1)?.comma();
  }
}

/** Two ways to write a key are one key: `"\u0061"` is `"a"`. */
function keyOf(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

const pathOf = (levels: readonly Level[]): string =>
  levels
    .map((level) => level.place())
    .join("")
    .replace(/^\./, "");
