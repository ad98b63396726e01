import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { misreadings } from "../../wire/fuzz.testing.ts";
import { DocumentTable } from "../state/document-table.ts";
import { readSignedData } from "./cms.ts";
import { type AwsEnrolment, configured, instanceOf, mustBeAgent } from "./instance-identity.ts";

const NOW = Date.UTC(2026, 0, 2);
const document = {
  ...{ accountId: "123456789012", region: "eu-west-1", instanceId: "i-0123456789abcdef0", privateIp: "10.99.3.248" },
  ...{ pendingTime: "2026-01-01T00:00:00Z", imageId: "ami-1", billingProducts: null },
};

let folder: string;
let documents: DocumentTable;
const openssl = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
const certificateOf = (name: string) => readFileSync(join(folder, `${name}.pem`), "utf8");
const settings = (more: Partial<AwsEnrolment> = {}) =>
  new DocumentTable([
    [
      "/enrolment/aws",
      {
        regions: {
          "eu-west-1": certificateOf("aws"),
          "eu-west-2": certificateOf("other"),
          small: certificateOf("small"),
        },
        ...{ accounts: ["123456789012"], networks: ["10.99.0.0/16"] },
        ...more,
      } satisfies AwsEnrolment,
    ],
  ]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aws-"));
  for (const [name, key] of [
    ["aws", "rsa:2048"],
    ["other", "rsa:2048"],
    ["small", "rsa:1024"],
  ] as const) {
    const subject = ["-subj", "/C=US/O=Amazon Web Services LLC"];
    openssl("req", "-x509", "-newkey", key, "-nodes", "-keyout", `${name}.key`, "-out", `${name}.pem`, ...subject);
  }
  documents = settings();
});
afterAll(() => rmSync(folder, { recursive: true }));

const enclosing = ["-nodetach"];

/** What the metadata service would give, signed by openssl. */
function signature(what: object, how: readonly string[] = enclosing, by = "aws"): string {
  const text = JSON.stringify(what, null, 2);
  writeFileSync(join(folder, "document"), text);
  const who = ["-signer", `${by}.pem`, "-inkey", `${by}.key`];
  const args = ["-sign", "-binary", "-md", "sha256", "-in", "document", "-outform", "DER", "-out", "signed"];
  openssl("cms", ...args, ...who, ...how);
  return (
    readFileSync(join(folder, "signed"))
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  ).join("\n");
}

const source = document.privateIp;

test.each<{ as: string; how: readonly string[]; beside: boolean }>([
  { as: "enclosing the document", how: enclosing, beside: false },
  { as: "enclosing it, in pieces, as AWS does", how: [...enclosing, "-stream", "-nocerts"], beside: true },
  { as: "beside the document", how: [], beside: true },
  { as: "without attributes", how: [...enclosing, "-noattr"], beside: false },
  { as: "with the key's identifier", how: [...enclosing, "-keyid"], beside: false },
])("instanceOf believes a signature $as", ({ how, beside }) => {
  const signed = signature(document, how);
  const presented = { signature: signed, source, document: beside ? JSON.stringify(document, null, 2) : undefined };
  expect(instanceOf(documents, presented, NOW)).toMatchObject({ instanceId: "i-0123456789abcdef0" });
});

test.each<{ what: string; changed?: object; by?: string; from?: string; why: string }>([
  { what: "signed by somebody else", by: "other", why: "signature, why=is not AWS's" },
  { what: "signed by another region", changed: { region: "eu-west-2" }, why: "signature, why=is not AWS's" },
  { what: "of a region that is not configured", changed: { region: "us-east-1" }, why: "us-east-1" },
  { what: "of a region by a name of objects", changed: { region: "constructor" }, why: "is not configured" },
  { what: "signed with a short key", changed: { region: "small" }, by: "small", why: "signature, why=is not AWS's" },
  { what: "that came from another address", from: "10.99.3.249", why: "is not where this comes from" },
  { what: "of tomorrow", changed: { pendingTime: "2026-01-03T00:00:00Z" }, why: "is no time in the past" },
  { what: "of no time", changed: { pendingTime: "2026-99-99T99:99:99Z" }, why: "is no time in the past" },
  { what: "of nobody", changed: { instanceId: "../../etc" }, why: "MANAGER_BAD_REQUEST" },
])("instanceOf refuses a document $what", ({ changed = {}, by = "aws", from = source, why }) => {
  const presented = { signature: signature({ ...document, ...changed }, enclosing, by), source: from };
  expect(() => instanceOf(documents, presented, NOW)).toThrow(why);
});

test("mustBeAgent takes instances of the accounts and networks that are configured, and no others", () => {
  expect(() => mustBeAgent(documents, document)).not.toThrow();
  expect(() => mustBeAgent(documents, { ...document, accountId: "210987654321" })).toThrow("accountId");
  expect(() => mustBeAgent(documents, { ...document, privateIp: "10.1.0.1" })).toThrow("in no configured network");
});

test("instanceOf refuses a document beside a signature of another", () => {
  const other = JSON.stringify({ ...document, instanceId: "i-0badbadbad" });
  for (const how of [enclosing, []]) {
    const presented = { signature: signature(document, how), document: other, source };
    expect(() => instanceOf(documents, presented, NOW)).toThrow("is not AWS's");
  }
});

test("instanceOf refuses instances launched too long ago where that is configured, and all where nothing is", () => {
  const presented = { signature: signature(document), source };
  expect(() => instanceOf(settings({ maxAgeHours: 23 }), presented, NOW)).toThrow("more than 23 hours");
  expect(instanceOf(settings({ maxAgeHours: 24 }), presented, NOW)).toMatchObject({ accountId: "123456789012" });
  expect(() => instanceOf(new DocumentTable(), presented, NOW)).toThrow("MANAGER_DENIED");
});

test("instanceOf believes no signature in which a bit is changed", () => {
  const signed = Buffer.from(signature(document, [...enclosing, "-nocerts"]), "base64");
  for (let bit = 0; bit < signed.length * 8; bit += 3) {
    const changed = Buffer.from(signed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      // What is not signed may change; what is believed may not.
      const believed = instanceOf(documents, { signature: changed.toString("base64"), source }, NOW);
      expect(believed).toMatchObject({ instanceId: document.instanceId, privateIp: document.privateIp });
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^MANAGER_(BAD_REQUEST|DENIED)$/) });
    }
  }
});

test("readSignedData gives a value or says what is wrong, whatever the bytes", () => {
  const seeds = [enclosing, [...enclosing, "-stream", "-nocerts"], ["-noattr"]].map((how) =>
    Uint8Array.from(Buffer.from(signature(document, how), "base64")),
  );
  expect(misreadings(readSignedData, seeds)).toEqual([]);
});

test("configured takes what can be used, and names what cannot", () => {
  const good = settings().get("/enrolment/aws") as AwsEnrolment;
  const { small: _, ...regions } = good.regions;
  const both = { ...good, regions: { ...regions, "eu-west-1": certificateOf("other") + certificateOf("aws") } };
  const documentsWithBoth = new DocumentTable(configured(both)(documents));
  expect(instanceOf(documentsWithBoth, { signature: signature(document), source }, NOW)).toMatchObject(document);
  expect(() => configured(good)).toThrow("regions.small");
  expect(() => configured({ ...good, regions: { x: "-----BEGIN CERTIFICATE-----\n" } })).toThrow("regions.x");
  expect(() => configured({ ...good, networks: ["10.0.0.0/33"] })).toThrow("networks[0]");
  expect(() => configured({ ...good, more: 1 })).toThrow("MANAGER_BAD_REQUEST");
});
