import { createHash } from "node:crypto";
import { bundleOf } from "./bundle.ts";
import { ByteSource } from "./byte-source.ts";
import { type Manifest, manifestBytes } from "./manifest.ts";
import { newKeys, signed } from "./signature.ts";
import { SLOT_FILES, type SlotFile } from "./slot.ts";

const keys = newKeys();
export const trusted = [{ name: "test.pem", pem: keys.publicKey }];

export type Contents = Readonly<Record<SlotFile, string>>;

/** Two versions of one base differ only in their product. */
export const contentsOf = (base: string, product: string): Contents => ({
  vmlinuz: `kernel of ${base}`,
  "initrd.img": `initrd of ${base}`,
  "root.squashfs": `root of ${base}`.padEnd(700, "."),
  "product.squashfs": product,
});

export function manifestOf(version: string, contents: Contents): Manifest {
  const entries = SLOT_FILES.map((name) => {
    const bytes = Buffer.from(contents[name]);
    return [name, { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length }] as const;
  });
  const files = Object.fromEntries(entries) as Manifest["files"];
  return { version, builtAt: "2026-01-02T03:04:05Z", kernel: "6.1.0-40-cloud-amd64", files };
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** The bytes of a bundle that is signed with {@link keys}. */
export async function bundleBytes(version: string, contents: Contents, key = keys.privateKey): Promise<Buffer> {
  const manifest = manifestBytes(manifestOf(version, contents));
  const files = new Map(
    SLOT_FILES.map((name) => {
      const bytes = Buffer.from(contents[name]);
      return [name, { bytes: bytes.length, content: chunk(bytes) }] as const;
    }),
  );
  const pieces: Uint8Array[] = [];
  for await (const piece of bundleOf(manifest, signed(manifest, key), files)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** As a network delivers it: in pieces of some size. */
export function sourceOf(bytes: Uint8Array, pieceBytes = bytes.length): ByteSource {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return new ByteSource(pieces());
}
