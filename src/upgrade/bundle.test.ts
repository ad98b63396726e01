import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PcgError } from "../base/error.ts";
import { bundleBytes, contentsOf, sourceOf, trusted } from "./bundle.testing.ts";
import { takeFiles, takePreamble } from "./bundle.ts";
import { newKeys } from "./signature.ts";
import { tarHeader } from "./tar.ts";

async function read(bytes: Uint8Array, { pieceBytes = 100_000, keys = trusted } = {}) {
  const source = sourceOf(bytes, pieceBytes);
  const { manifest, signer } = await takePreamble(source, keys);
  const files: string[] = [];
  await takeFiles(source, manifest, async (name, content) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    files.push(`${name} ${Buffer.concat(pieces)}`);
  });
  return { version: manifest.version, signer, files };
}

const contents = contentsOf("base", "product");
const good = await bundleBytes("1.2.3", contents);

describe("a bundle", () => {
  test("is read as it was packed, in pieces of any size", async () => {
    const files = Object.entries(contents).map(([name, text]) => `${name} ${text}`);
    for (const pieceBytes of [1, 511, 513, 100_000])
      expect(await read(good, { pieceBytes })).toEqual({ version: "1.2.3", signer: "test.pem", files });
  });

  test("with any byte changed, or cut anywhere, is refused by code", async () => {
    const place = fc.nat({ max: good.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, flip, cut) => {
        const bytes = Buffer.from(good);
        bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at);
        await expect(read(cut ? good.subarray(0, at) : bytes)).rejects.toThrow(/^UPGRADE_(BAD_BUNDLE|NOT_SIGNED)/);
      }),
      { numRuns: 300 },
    );
  });

  test("of random bytes is refused by code", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        await expect(read(bytes)).rejects.toBeInstanceOf(PcgError);
      }),
    );
  });

  test("is not believed before its signature is: the list's flaws are not looked for", async () => {
    const stranger = [{ name: "other.pem", pem: newKeys().publicKey }];
    await expect(read(good, { keys: stranger })).rejects.toThrow("UPGRADE_NOT_SIGNED");
    await expect(read(good, { keys: [] })).rejects.toThrow("UPGRADE_NOT_SIGNED");
  });

  test("with a list that is signed but wrong names field and value", async () => {
    await expect(read(await bundleBytes("1.2", contents))).rejects.toThrow(/UPGRADE_BAD_BUNDLE.*version.*1\.2/);
  });
});

test("tarHeader writes what GNU tar reads", () => {
  const header = Buffer.from(tarHeader({ name: "root.squashfs", bytes: 0o1234567 }));
  expect(header.toString("latin1").replace(/\0+/g, "|")).toMatchInlineSnapshot(
    `"root.squashfs|0000644|0000000|0000000|00001234567|00000000000|010531| 0|ustar|00|"`,
  );
});
