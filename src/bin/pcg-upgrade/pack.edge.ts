import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PcgError } from "../../base/error.ts";
import { print } from "../../base/terminal.edge.ts";
import { bundleOf } from "../../upgrade/bundle.ts";
import { kernelRelease } from "../../upgrade/kernel-release.ts";
import { type Manifest, manifestBytes, readManifest } from "../../upgrade/manifest.ts";
import { newKeys, signed } from "../../upgrade/signature.ts";
import { SLOT_FILES } from "../../upgrade/slot.ts";
import { needed, type Options } from "./options.ts";

/** Makes a folder a slot, and a bundle of it. */
export async function pack(options: Options): Promise<number> {
  const [slot, out] = [needed(options, "slot"), needed(options, "out")];
  const key = await readable(needed(options, "key"), (file) => readFile(file, "utf8"));
  const entries = await Promise.all(
    SLOT_FILES.map((name) => readable(join(slot, name), async (file) => [name, await entryOf(file)] as const)),
  );
  const manifest = manifestBytes({
    version: needed(options, "version"),
    builtAt: options["built-at"] ?? buildTime(),
    kernel: options.kernel ?? (await readable(join(slot, "vmlinuz"), releaseOf)),
    files: Object.fromEntries(entries) as Manifest["files"],
  });
  const { version, kernel, files } = readManifest(manifest);
  const signature = signed(manifest, key);
  const contents = SLOT_FILES.map((name) => {
    const content = { bytes: files[name].bytes, content: createReadStream(join(slot, name)) };
    return [name, content] as const;
  });
  await writeFile(join(slot, "manifest.json"), manifest);
  await writeFile(`${out}.new`, bundleOf(manifest, signature, new Map(contents)));
  await rename(`${out}.new`, out);
  print(`${out}: version ${version}, kernel ${kernel}, ${(await stat(out)).size} bytes`);
  return 0;
}

async function entryOf(file: string) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file)) hash.update(piece);
  return { sha256: hash.digest("hex"), bytes: (await stat(file)).size };
}

async function releaseOf(file: string): Promise<string> {
  await using image = await open(file);
  const head = await image.read(Buffer.alloc(2 ** 17), 0, 2 ** 17, 0);
  const release = kernelRelease(head.buffer.subarray(0, head.bytesRead));
  if (release === undefined) throw new PcgError("API_BAD_REQUEST", { file, why: "says no release", hint: "--kernel" });
  return release;
}

/** reproducible-builds.org/specs/source-date-epoch */
const buildTime = () => {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  return new Date(epoch === undefined ? Date.now() : Number(epoch) * 1_000).toISOString();
};

async function readable<T>(file: string, read: (file: string) => Promise<T>): Promise<T> {
  try {
    return await read(file);
  } catch (error) {
    if (error instanceof PcgError) throw error;
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}

/** Neither file may be there already: a key that is lost is not had back. */
export async function keygen(options: Options): Promise<number> {
  const [key, shown] = [needed(options, "key"), needed(options, "public")];
  const { privateKey, publicKey } = newKeys();
  await readable(key, (file) => writeFile(file, privateKey, { mode: 0o600, flag: "wx" }));
  await readable(shown, (file) => writeFile(file, publicKey, { mode: 0o644, flag: "wx" }));
  print(`${key}: keep it secret\n${shown}: believed on boxes that have it`);
  return 0;
}
