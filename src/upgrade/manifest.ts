import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../base/error.ts";
import { formatFlaw, schemaFlaws } from "../model/flaw.ts";
import { closed } from "../model/text.ts";
import { SLOT_FILES, type SlotFile } from "./slot.ts";

const entry = closed(
  {
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of the whole file, lower-case hex." }),
    bytes: Type.Integer({ minimum: 1, maximum: 2 ** 33 - 1, description: "As many as a tar header can say." }),
  },
  "What one file of the slot is.",
);

/** What a slot holds; what the signature of a bundle is over. */
export const Manifest = closed({
  version: Type.String({
    pattern: "^(0|[1-9]\\d{0,8})\\.(0|[1-9]\\d{0,8})\\.(0|[1-9]\\d{0,8})(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$",
    maxLength: 64,
    description: "Semantic version of the product, without build data.",
  }),
  builtAt: Type.String({
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
    description: "When it was built, UTC.",
  }),
  kernel: Type.String({ pattern: "^[!-~]{1,64}$", description: "Release of the kernel, as uname -r says it." }),
  files: closed(
    Object.fromEntries(SLOT_FILES.map((name) => [name, entry])) as Record<SlotFile, typeof entry>,
    "Each file of the slot.",
  ),
});
export type Manifest = Type.Static<typeof Manifest>;

/** More than ten times what one takes. */
export const MOST_MANIFEST_BYTES = 16_384;

const manifest = Compile(Manifest);

/** @throws UPGRADE_BAD_BUNDLE naming field and value */
export function readManifest(bytes: Uint8Array): Manifest {
  const document = json(bytes);
  if (!manifest.Check(document))
    throw new PcgError("UPGRADE_BAD_BUNDLE", {
      field: "manifest.json",
      flaws: schemaFlaws(manifest, document).map(formatFlaw),
    });
  return document;
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new PcgError("UPGRADE_BAD_BUNDLE", { field: "manifest.json", why: "is no JSON in UTF-8" }, error);
  }
}

export const manifestBytes = (value: Manifest): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/** What boots is the same: only the product differs, and that can be exchanged under a running system. */
export const sameBase = (a: Manifest, b: Manifest): boolean =>
  SLOT_FILES.every((name) => name === "product.squashfs" || a.files[name].sha256 === b.files[name].sha256);
