import "reflect-metadata";
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, expect, test } from "vitest";
import { ALGORITHM, newKeys, privateKeyPem } from "../certificates.ts";
import type { Credentials } from "../connect.edge.ts";
import { readCredentials, readEnrolled, writeCredentials } from "./credentials.edge.ts";

const folder = mkdtempSync(join(tmpdir(), "credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function some(): Promise<Credentials> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: ALGORITHM });
  return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys), authority: "authority" };
}

test("credentials are read as they were written, for nobody else's eyes", async () => {
  const at = join(folder, "new");
  const [first, second] = [await some(), await some()];
  writeCredentials(at, first, { managers: ["https://10.99.250.10"] });
  writeCredentials(at, second);
  expect(readCredentials(at)).toEqual(second);
  expect(readEnrolled(at)).toEqual({ managers: ["https://10.99.250.10"] });
  const modes = readdirSync(at).map((name) => [name, (statSync(join(at, name)).mode & 0o777).toString(8)]);
  expect(modes).toEqual(["authority.pem", "certificate.pem", "enrolled.json", "key.pem"].map((name) => [name, "600"]));
});

test.each([0, 1, 2, 3])("credentials go together when power fails after %d files took their places", async (done) => {
  const at = join(folder, `cut-${done}`);
  const [before, after] = [await some(), { ...(await some()), authority: "newer" }];
  writeCredentials(at, before);
  const files = { authority: "authority.pem", certificate: "certificate.pem", key: "key.pem" } as const;
  for (const [name, file] of Object.entries(files))
    writeFileSync(join(at, `${file}.next`), after[name as keyof typeof files]);
  for (const file of Object.values(files).slice(0, done)) renameSync(join(at, `${file}.next`), join(at, file));
  const { certificate, key } = readCredentials(at);
  expect({ certificate, key }).toEqual(
    done < 2
      ? { certificate: before.certificate, key: before.key }
      : { certificate: after.certificate, key: after.key },
  );
});
