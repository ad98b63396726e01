/** An element of an answer of AWS's query APIs: those in it, and its text. */
export class Element {
  readonly name: string;
  readonly children: Element[] = [];
  #text = "";

  constructor(name: string) {
    this.name = name;
  }

  append(text: string): void {
    this.#text += text;
  }

  /** All elements at the end of a path of names. */
  all(path: string): readonly Element[] {
    return path
      .split("/")
      .reduce<readonly Element[]>(
        (at, name) => at.flatMap((one) => one.children.filter((child) => child.name === name)),
        [this],
      );
  }

  /** Text of the only element at the end of a path; undefined where there is none. */
  text(path: string): string | undefined {
    const [only, ...others] = this.all(path);
    if (others.length > 0) throw new Error(`${path} is there ${others.length + 1} times`);
    return only === undefined ? undefined : only.#text;
  }

  /** Names and texts of what has nothing in it. */
  texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.children.filter((one) => one.children.length === 0).map((one) => [one.name, one.#text]),
    );
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Elements and text; comments, attributes and what stands before the first element are left out. */
export function parseXml(text: string): Element {
  const root = new Element("");
  const open = [root];
  for (const [, closes, name, empty, plain] of text.matchAll(
    /<(\/?)([A-Za-z][\w:.-]*)[^>]*?(\/?)>|<[!?][^>]*>|([^<]+)/g,
  )) {
    const [last = root] = open.slice(-1);
    if (plain !== undefined) last.append(unescaped(plain));
    else if (closes) open.pop();
    else if (name !== undefined) {
      const element = new Element(name);
      last.children.push(element);
      if (!empty) open.push(element);
    }
  }
  const [first] = root.children;
  if (!first) throw new Error(`this is no XML: ${text.slice(0, 300)}`);
  return first;
}

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name = "") =>
    code === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
