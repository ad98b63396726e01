import { readFileSync } from "node:fs";
import { messageOf, PcgError } from "../../base/error.ts";
import { readYaml } from "../../base/read-yaml.ts";
import type { Checked } from "../../model/check.ts";
import { formatFlaw } from "../../model/flaw.ts";

/** A YAML (or JSON) file that passes its check. @throws CONFIG_UNREADABLE, CONFIG_REFUSED with every flaw */
export function readDocument<T>(file: string, check: (document: unknown) => Checked<T>): T {
  const checked = check(yaml(file));
  if (!checked.ok) throw new PcgError("CONFIG_REFUSED", { file, flaws: checked.flaws.map(formatFlaw) });
  return checked.value;
}

function yaml(file: string): unknown {
  try {
    const text = readFileSync(file, "utf8");
    // Every JSON document is YAML, but read a hundred times faster: ten thousand endpoints in 30 ms, not in 2 s.
    return text.trimStart().startsWith("{") ? JSON.parse(text) : yamlIn(text);
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}

function yamlIn(text: string): unknown {
  const read = readYaml(text);
  if ("why" in read) throw new Error(read.why);
  return read.value;
}
