import type { ReferenceRow } from "./reference.ts";

/** A section that people write: paragraphs, and what a reader may copy as it stands. */
export interface Section {
  readonly title: string;
  readonly parts: readonly (string | Verbatim)[];
}
interface Verbatim {
  readonly verbatim: string;
}

/** A man page about a file, in man(7) macros. Written sections stand after the fields. */
export interface FilePage {
  readonly name: string;
  readonly file: string;
  readonly does: string;
  readonly intro: string;
  readonly rows: readonly ReferenceRow[];
  readonly sections: readonly Section[];
}

export const filePage = ({ name, file, does, intro, rows, sections }: FilePage): string =>
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
    ...sections.flatMap(written),
  ]);

/** A man page about a command. */
export interface CommandPage {
  readonly name: string;
  readonly does: string;
  /** What its --help says. */
  readonly help: string;
  readonly sections: readonly Section[];
}

export const commandPage = ({ name, does, help, sections }: CommandPage): string =>
  lines([...head(name, 8, does), ".SH DESCRIPTION", ...verbatim(help), ...sections.flatMap(written)]);

const head = (name: string, section: number, does: string) => [
  `.TH ${name.toUpperCase()} ${section} "" "Public Cloud Gateway"`,
  ".SH NAME",
  `${roff(name)} \\- ${roff(does)}`,
];

const written = ({ title, parts }: Section): string[] => [
  `.SH ${title}`,
  ...parts.flatMap((part) =>
    typeof part === "string" ? [".PP", roff(part)] : [".RS 4", ...verbatim(part.verbatim), ".RE"],
  ),
];

const verbatim = (text: string) => [".nf", ...text.trimEnd().split("\n").map(roff), ".fi"];

const lines = (all: readonly string[]) => `${all.join("\n")}\n`;

/** A line that starts with a dot or quote would be a macro. */
const roff = (text: string) =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
