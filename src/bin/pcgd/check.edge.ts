import { messageOf, PcgError } from "../../base/error.ts";
import { complain, print } from "../../base/terminal.edge.ts";
import { checkWish } from "../../dhcp/check-wish.ts";
import { type Checked, checkUnitConfig } from "../../model/check.ts";
import { readDocument } from "./document.edge.ts";

/** A document with a `unit` is a pcgd.yaml, any other a desired state. @returns the exit code */
export function checkFiles(files: readonly string[]): number {
  if (files.length === 0) throw new PcgError("API_BAD_REQUEST", { hint: "pcgd check FILE..." });
  return files.map(checkFile).includes(false) ? 1 : 0;
}

function checkFile(file: string): boolean {
  try {
    const isUnit = "unit" in readDocument(file, (document) => ({ ok: true, value: Object(document) as object }));
    const check: (document: unknown) => Checked<object> = isUnit ? checkUnitConfig : checkWish;
    readDocument(file, check);
    print(`${file}: good`);
    return true;
  } catch (error) {
    const flaws =
      error instanceof PcgError && Array.isArray(error.detail["flaws"]) ? error.detail["flaws"] : [messageOf(error)];
    for (const flaw of flaws) complain(`${file}: ${flaw}`);
    return false;
  }
}
