import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { manager } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";
import { asRoot } from "./unit.ts";

const PORT = 8_000;

/** The files of a slot, of this build, to be changed before they are packed. Gone when the test is over. */
export function slotFiles(): string {
  const directory = mkdtempSync(join(tmpdir(), "pcg-slot-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  sh(`tar -x -C ${directory} -f build/image/pcg-${manifest.version}.bundle; rm -f ${directory}/manifest.sig`);
  return directory;
}

/** Puts a file into the product of a slot, in the place of what is there. */
export function replaceInProduct(slot: string, path: string, text: string): void {
  sh(`cd ${slot}; unsquashfs -q -n -d product product.squashfs >/dev/null; rm product.squashfs product/${path}`);
  writeFileSync(`${slot}/product/${path}`, text, { mode: 0o755 });
  sh(
    `cd ${slot}; mksquashfs product product.squashfs -quiet -no-progress -all-root -comp zstd -Xcompression-level 3; rm -r product`,
  );
}

/** Packs a slot as a release, signed by whom the image trusts, and says where a unit gets it from. */
export async function published(slot: string, version: string): Promise<string> {
  const bundle = join(slot, `pcg-${version}.bundle`);
  const { kernel } = JSON.parse(readFileSync(join(slot, "manifest.json"), "utf8"));
  sh(`${process.execPath} src/bin/pcg-upgrade.ts pack --slot ${slot} --version ${version} --kernel ${kernel} \
    --key build/keys/upgrade.pem --out ${bundle}`);
  const server = manager.start("busybox", ["httpd", "-f", "-p", `${PORT}`, "-h", slot]);
  onTestFinished(() => server.stop());
  await until("the server listens", () => manager.run(`ss -Hltn 'sport = :${PORT}'`).trim() !== "");
  return `http://10.99.250.10:${PORT}/pcg-${version}.bundle`;
}

export const upgradeStatus = (): string => asRoot("pcg-upgrade status");
