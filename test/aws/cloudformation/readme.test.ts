import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { entries } from "./template.ts";
import { templateFile } from "./template-file.ts";

/** The stacks that the README makes, by the words of its own commands: `stack NAME TEMPLATE PARAMETER=…`. */
function stacks(): readonly { readonly name: string; readonly template: string; readonly given: readonly string[] }[] {
  const text = readFileSync(new URL("../../../appliance/cloudformation/README.md", import.meta.url), "utf8");
  const script = (/```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? "").replaceAll("\\\n", " ");
  const [, both = ""] = /^both="([^"]*)"/m.exec(script) ?? [];
  const named = (words: string) => [...words.matchAll(/(?:^|\s)([A-Z]\w*)=/g)].map(([, name = ""]) => name);
  return [...script.matchAll(/^stack (\S+) (\w+) (.*)$/gm)].map(([, name = "", template = "", rest = ""]) => ({
    ...{ name, template },
    given: [...(rest.includes("$both") ? named(both) : []), ...named(rest)],
  }));
}

test("the README makes all stacks of a pair", () => {
  expect(stacks().map(({ name }) => name)).toEqual(["web-network", "web-iam", "web-a", "web-b"]);
});

test.each(stacks())(
  "$name is given parameters that $template.yaml has, and all that it needs",
  ({ template, given }) => {
    const { parameters } = templateFile(template);
    expect(given.filter((name) => !(name in parameters))).toEqual([]);
    const needed = Object.keys(parameters).filter((name) => entries(parameters[name])["Default"] === undefined);
    expect(needed.filter((name) => !given.includes(name))).toEqual([]);
  },
);
