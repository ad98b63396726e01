import { createHash } from "node:crypto";
import { PcgError } from "../base/error.ts";
import type { ByteSource } from "./byte-source.ts";
import { type Manifest, MOST_MANIFEST_BYTES, readManifest } from "./manifest.ts";
import { SIGNATURE_BYTES, signerOf, type TrustedKey } from "./signature.ts";
import { SLOT_FILES, type SlotFile } from "./slot.ts";
import { readTarEnd, skipTarPadding, TAR_END, takeTarHeader, tarHeader, tarPadding } from "./tar.ts";

/** What a bundle says of itself, once its signature was found good. */
export interface Preamble {
  readonly manifest: Manifest;
  /** The manifest to the byte, as it was signed. */
  readonly bytes: Uint8Array;
  readonly signer: string;
}

/** Reads the first two files; nothing of them is believed before the signature is. @throws UPGRADE_* */
export async function takePreamble(source: ByteSource, trusted: readonly TrustedKey[]): Promise<Preamble> {
  const bytes = await takeSmall(source, "manifest.json", MOST_MANIFEST_BYTES);
  const signature = await takeSmall(source, "manifest.sig", SIGNATURE_BYTES);
  const signer = signerOf(bytes, signature, trusted);
  return { manifest: readManifest(bytes), bytes, signer };
}

async function takeSmall(source: ByteSource, name: string, most: number): Promise<Uint8Array> {
  const entry = await takeTarHeader(source, name);
  if (entry.bytes > most) throw refuse({ field: `${name} size`, value: entry.bytes, most });
  const bytes = await source.take(entry.bytes);
  if (bytes.length < entry.bytes) throw refuse({ field: name, why: "the bundle ends within it" });
  await skipTarPadding(source, entry);
  return bytes;
}

/** Hands every file of the slot to `store` as it comes, and ends well only if each was what the manifest says. */
export async function takeFiles(
  source: ByteSource,
  manifest: Manifest,
  store: (name: SlotFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  for (const name of SLOT_FILES) {
    const entry = await takeTarHeader(source, name);
    const { bytes } = manifest.files[name];
    if (entry.bytes !== bytes) throw refuse({ field: `${name} size`, value: entry.bytes, expected: bytes });
    await store(name, proven(source, name, manifest));
    await skipTarPadding(source, entry);
  }
  await readTarEnd(source);
}

/** The file's bytes; throws at their end when they are not those that the manifest speaks of. */
async function* proven(source: ByteSource, name: SlotFile, { files }: Manifest): AsyncGenerator<Uint8Array, void> {
  const { bytes, sha256 } = files[name];
  const hash = createHash("sha256");
  let seen = 0;
  for await (const piece of source.pieces(bytes)) {
    seen += piece.length;
    hash.update(piece);
    yield piece;
  }
  if (seen < bytes) throw refuse({ field: name, why: "the bundle ends within it", value: seen, expected: bytes });
  const value = hash.digest("hex");
  if (value !== sha256) throw refuse({ field: `${name} sha256`, value, expected: sha256 });
}

/** A bundle as it is streamed out. */
export async function* bundleOf(
  manifest: Uint8Array,
  signature: Uint8Array,
  files: ReadonlyMap<SlotFile, { readonly bytes: number; readonly content: AsyncIterable<Uint8Array> }>,
): AsyncGenerator<Uint8Array, void> {
  yield* whole("manifest.json", manifest);
  yield* whole("manifest.sig", signature);
  for (const [name, { bytes, content }] of files) {
    yield tarHeader({ name, bytes });
    yield* content;
    yield tarPadding(bytes);
  }
  yield TAR_END;
}

function* whole(name: string, content: Uint8Array): Generator<Uint8Array, void> {
  yield tarHeader({ name, bytes: content.length });
  yield content;
  yield tarPadding(content.length);
}

const refuse = (detail: Record<string, unknown>) => new PcgError("UPGRADE_BAD_BUNDLE", detail);
