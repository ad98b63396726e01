import "reflect-metadata";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import { expect, onTestFinished, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { ALGORITHM, newKeys, privateKeyPem } from "../../lcp/certificates.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { writeCredentials } from "../../lcp/enrol/credentials.edge.ts";
import { Certificate } from "./certificate.edge.ts";

async function some(): Promise<Credentials> {
  const keys = await newKeys();
  const notAfter = new Date(1_700_000_000_000 + 86_400_000);
  const made = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: ALGORITHM, notAfter });
  const certificate = made.toString("pem");
  return { certificate, key: await privateKeyPem(keys), authority: certificate };
}

/** A unit that somebody gave credentials, and others that it may be given. */
async function unit() {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [first, second] = [await some(), await some()];
  writeCredentials(folder, first);
  const clock = new VirtualClock();
  const said: string[] = [];
  const log = { info: () => undefined, warn: (text: string) => void said.push(text), error: () => undefined };
  let renewed = 0;
  const its = new Certificate(folder, { clock, log, renewed: () => void renewed++ });
  its.start();
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return { folder, second, first, clock, said, its, put, renewed: () => renewed };
}

test("Certificate takes what somebody enrolled anew, once, and is renewed where that was", async () => {
  const { folder, first, second, clock, its, renewed } = await unit();
  clock.advance(10_000);
  expect([its.credentials, its.status.renews, renewed()]).toEqual([first, false, 0]);
  writeCredentials(folder, second, { managers: ["https://127.0.0.1:1"] });
  clock.advance(2_000);
  expect([its.credentials, its.status.renews, renewed()]).toEqual([second, true, 1]);
  clock.advance(10_000);
  expect(renewed()).toBe(1);
});

test("Certificate leaves files as they are whose content is the same", async () => {
  const { folder, first, clock, renewed, said } = await unit();
  writeCredentials(folder, first);
  clock.advance(10_000);
  expect([renewed(), said]).toEqual([0, []]);
});

test("Certificate goes on with what it has while what is there is half a set, and says so once", async () => {
  const { first, second, clock, its, put, said, renewed } = await unit();
  put("certificate.pem", second.certificate);
  clock.advance(10_000);
  expect([its.credentials, renewed(), said.length]).toEqual([first, 0, 1]);
  put("key.pem", second.key);
  put("authority.pem", second.authority);
  clock.advance(2_000);
  expect([its.credentials, renewed(), said.length]).toEqual([second, 1, 1]);
});

test.each(["certificate.pem", "key.pem", "authority.pem", "enrolled.json"])(
  "Certificate goes on with what it has when %s is cut short",
  async (name) => {
    const { first, second, clock, its, put, said, renewed } = await unit();
    put(name, second.certificate.slice(0, 40));
    clock.advance(10_000);
    expect([its.credentials, renewed(), said.length]).toEqual([first, 0, 1]);
  },
);

test("Certificate goes on with what it has when there is nothing any more", async () => {
  const { folder, first, clock, its, said } = await unit();
  rmSync(join(folder, "certificate.pem"));
  clock.advance(10_000);
  expect([its.credentials, said.length]).toEqual([first, 1]);
});
