import type { ReferenceRow } from "./reference.ts";

/** A man page about a file, in man(7) macros. */
export interface FilePage {
  readonly name: string;
  readonly file: string;
  readonly does: string;
  readonly intro: string;
  readonly rows: readonly ReferenceRow[];
}

export const filePage = ({ name, file, does, intro, rows }: FilePage): string =>
  lines([
    ...head(name, 5, does),
    ".SH SYNOPSIS",
    `.I ${roff(file)}`,
    ".SH DESCRIPTION",
    roff(intro),
    ".SH FIELDS",
    ...rows.flatMap((r) => [
      ".TP",
      `.BR ${roff(r.field)} " (${roff(r.form)}${r.required ? "" : ", optional"})"`,
      roff(r.says) || "\\&",
    ]),
  ]);

/** A man page about a command: what its --help says. */
export const commandPage = ({ name, does, help }: { name: string; does: string; help: string }): string =>
  lines([...head(name, 8, does), ".SH DESCRIPTION", ".nf", ...help.split("\n").map(roff), ".fi"]);

const head = (name: string, section: number, does: string) => [
  `.TH ${name.toUpperCase()} ${section} "" "Public Cloud Gateway"`,
  ".SH NAME",
  `${roff(name)} \\- ${roff(does)}`,
];

const lines = (all: readonly string[]) => `${all.join("\n")}\n`;

/** A line that starts with a dot or quote would be a macro. */
const roff = (text: string) =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
