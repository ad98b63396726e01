import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { billOfMaterials, type LockedPackage } from "./sbom.ts";

/** make-sbom.edge.ts --version V --built-at SECONDS PACKAGES.tsv package-lock.json: for image.sh, to standard output. */
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { version: { type: "string", default: "" }, "built-at": { type: "string", default: "0" } },
});
const [debian = "", lock = ""] = positionals;
const { packages } = JSON.parse(readFileSync(lock, "utf8")) as { packages: Record<string, LockedPackage> };
const bom = billOfMaterials({
  version: options.version,
  builtAt: new Date(Number(options["built-at"]) * 1000),
  debian: readFileSync(debian, "utf8"),
  npm: packages,
});
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
