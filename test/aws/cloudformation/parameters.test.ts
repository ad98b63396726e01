import { expect, test } from "vitest";
import { entries, isList, type Template, type Value } from "./template.ts";
import { templateFile } from "./template-file.ts";

/** What the README says of a template's parameters, from the template. */
function table(name: string, { parameters, sections }: Template): string {
  const rows = Object.entries(parameters).map(([parameter, value]) => {
    const { Default: initial, Description: says, AllowedValues: values } = entries(value);
    const choice = isList(values) ? ` One of: ${values.join(", ")}.` : "";
    return `| \`${parameter}\` | ${shown(initial)} | ${String(says)}${choice} |`;
  });
  return [
    `## ${name}.yaml`,
    String(sections["Description"]),
    ["| parameter | default | |", "|---|---|---|", ...rows].join("\n"),
  ].join("\n\n");
}

function shown(initial: Value | undefined): string {
  if (initial === undefined) return "needed";
  return initial === "" ? "" : `\`${String(initial)}\``;
}

test("parameters.md says what the templates say; vitest --update writes it", async () => {
  const tables = ["network", "iam", "manager", "gateway"].map((name) => table(name, templateFile(name)));
  const text = [
    "# Parameters of the templates",
    "Made from them by `test/aws/cloudformation/parameters.test.ts`.",
    ...tables,
  ];
  await expect(`${text.join("\n\n")}\n`).toMatchFileSnapshot("../../../appliance/cloudformation/parameters.md");
});
