/** Columns padded to their widest cell, two spaces between; no trailing blanks. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, `${cell}`.length)), []);
  const line = (row: readonly (string | number)[]) =>
    row
      .map((cell, i) => (typeof cell === "number" ? `${cell}`.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

/** Lines under a heading, or nothing when there are none. */
export const section = (heading: string, lines: string): string[] => (lines === "" ? [] : [heading, indent(lines), ""]);

const indent = (text: string) =>
  text
    .split("\n")
    .map((l) => `  ${l}`)
    .join("\n");
