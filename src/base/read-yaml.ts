import { CST, Lexer, parse } from "yaml";
import { messageOf } from "./error.ts";

/** How deep lists and mappings may lie in each other. */
const MOST_DEEP = 64;
/** A desired state of ten thousand endpoints has a fifth of it. */
const MOST_TOKENS = 4_000_000;

/** The value of a text, or why there is none, in one line. */
export type ReadYaml = { readonly value: unknown } | { readonly why: string };

/**
 * The one way to read YAML, whose costs follow from the length of the text alone. Aliases unfold (a kilobyte becomes
 * gigabytes), and explicit keys (`? ? ? x`) in each other take the parser exponential time: both are refused, and so are
 * keys that stand twice and what lies too deep. All of that is seen in the tokens, before the parser sees any.
 */
export function readYaml(text: string): ReadYaml {
  try {
    const why = tooMuch(text);
    return why === undefined
      ? { value: parse(text, { maxAliasCount: 0, uniqueKeys: true, logLevel: "error" }) }
      : { why };
  } catch (error) {
    return { why: messageOf(error).split("\n", 1).join("").replace(/:$/, "") };
  }
}

const indented: ReadonlySet<string> = new Set([
  "seq-item-ind",
  "scalar",
  "single-quoted-scalar",
  "double-quoted-scalar",
]);
const unread: Readonly<Record<string, string>> = {
  alias: "aliases are not read",
  anchor: "anchors are not read",
  "explicit-key-ind": "keys that begin with a question mark are not read",
};

/** Without recursion: how deep a text goes is a stranger's to choose. */
function tooMuch(text: string): string | undefined {
  const seen = new Seen();
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const type: string | null = isScalar ? "scalar" : CST.tokenType(token);
    // The mark says that the next token is a plain scalar, whatever it begins with.
    isScalar = type === "scalar" && !isScalar;
    if (isScalar || type === "doc-mode" || type === "flow-error-end") continue;
    const why = seen.take(type ?? "scalar", token);
    if (why !== undefined) return `${why}, at line ${seen.line}`;
  }
  return undefined;
}

/** How far a text was read, and what is open there. */
class Seen {
  line = 1;
  #column = 0;
  #flow = 0;
  #tokens = 0;
  /** Of the block collections that are open, each the column where it began. */
  readonly #columns: number[] = [];

  /** Why it is too much. */
  take(type: string, token: string): string | undefined {
    if (type.endsWith("-start") && type.startsWith("flow")) this.#flow++;
    if (type === "flow-map-end" || type === "flow-seq-end") this.#flow--;
    if (this.#flow === 0 && indented.has(type)) this.#open();
    if (unread[type] !== undefined) return unread[type];
    if (this.#columns.length + this.#flow > MOST_DEEP) return `more than ${MOST_DEEP} lists and mappings in each other`;
    if (++this.#tokens > MOST_TOKENS) return `more than ${MOST_TOKENS} words and signs`;
    this.#pass(token);
    return undefined;
  }

  #open(): void {
    while ((this.#columns.at(-1) ?? -1) >= this.#column) this.#columns.pop();
    this.#columns.push(this.#column);
  }

  #pass(token: string): void {
    const last = token.lastIndexOf("\n");
    this.#column = last < 0 ? this.#column + token.length : token.length - last - 1;
    if (last >= 0) this.line += token.split("\n").length - 1;
  }
}
