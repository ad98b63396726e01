import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { identityIn } from "../../lcp/identity.ts";
import { newRequest } from "../../lcp/request.ts";
import { SharedStore } from "../ledger/memory-ledger.testing.ts";
import { commitsOver } from "../state/commits.testing.ts";
import { Authority, type AuthorityFiles, newAuthority, newIntermediate } from "./authority.ts";
import { authorityIn, ensureAuthority, issuerOf, rotated } from "./authority-document.ts";

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const identity = { role: "gateway", id: "pcg-a" } as const;

let root: AuthorityFiles;
let intermediate: AuthorityFiles;
beforeAll(async () => {
  root = await newAuthority("ours root", NOW);
  intermediate = await newIntermediate(root, "ours intermediate", NOW);
});

test("an authority's certificate chains to its root, and says who a node is, for how long, and where it is", async () => {
  const { request } = await newRequest();
  const grant = { identity, forMs: DAY_MS, hosts: ["manager.example", "10.99.250.10"] };
  const { pem, serial, notAfter } = await new Authority(intermediate).issue(request, grant, NOW);
  const certificates = [pem, intermediate.certificate, root.certificate].map((text) => new X509Certificate(text));
  for (const [n, certificate] of certificates.entries()) {
    const issuer = certificates[Math.min(n + 1, 2)] as X509Certificate;
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
  }
  const [leaf] = certificates as [X509Certificate];
  expect(identityIn(leaf.subjectAltName)).toEqual(identity);
  expect(leaf.subjectAltName).toContain("DNS:manager.example, IP Address:10.99.250.10");
  expect(leaf.serialNumber.toLowerCase()).toBe(serial);
  expect([leaf.validToDate.getTime(), notAfter]).toEqual([NOW + DAY_MS, NOW + DAY_MS]);
  expect([leaf.ca, certificates[1]?.ca]).toEqual([false, true]);
});

test("no certificate outlives the intermediate that gives it", async () => {
  const { request } = await newRequest();
  const grant = { identity, forMs: 100 * 365 * DAY_MS };
  const { notAfter } = await new Authority(intermediate).issue(request, grant, NOW);
  expect(notAfter).toBe(new X509Certificate(intermediate.certificate).validToDate.getTime());
});

const issue = (request: string) => new Authority(intermediate).issue(request, { identity, forMs: DAY_MS }, NOW);
const codeOf = (error: unknown) => (error instanceof PcgError ? error.code : String(error));

test.each([
  ["rsa", ["-newkey", "rsa:2048"]],
  ["another curve", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]],
])("a request for a key of %s is refused", async (_what, key) => {
  const args = ["req", "-new", ...key, "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"];
  const request = execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  await expect(issue(request)).rejects.toThrow("MANAGER_BAD_REQUEST");
});

test("a request with a bit changed is refused, or gets a certificate of the same key", async () => {
  const { key, request } = await newRequest();
  const der = Buffer.from(request.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
  const said = new Set<string | boolean>();
  const hear = (asked: string) =>
    issue(asked).then(({ pem }) => new X509Certificate(pem).checkPrivateKey(createPrivateKey(key)), codeOf);
  for (let bit = 0; bit < der.length * 8; bit += 3) {
    const changed = Buffer.from(der);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    said.add(await hear(pemOf(changed)));
  }
  for (const text of ["", "x", pemOf(Buffer.alloc(0)), pemOf(Buffer.from("3080".repeat(2_000), "hex"))])
    said.add(await hear(text));
  expect([...said].filter((one) => one !== true)).toEqual(["MANAGER_BAD_REQUEST"]);
});

const pemOf = (der: Buffer) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;

test("of managers that start at once one makes the authority, and only it has the root's key", async () => {
  const store = new SharedStore();
  const managers = await Promise.all([commitsOver(store), commitsOver(store), commitsOver(store)]);
  const kept: unknown[] = [];
  const keep = ({ certificate }: AuthorityFiles) => {
    const counts = store.entries.some(({ text }) => text.includes(JSON.stringify(certificate)));
    kept.push([certificate, counts]);
  };
  const made = await Promise.all(managers.map((commits) => ensureAuthority(commits, "ours", NOW, keep)));
  for (const { certificate } of made.filter((files) => files !== undefined))
    expect(kept).toContainEqual([certificate, false]);
  expect(made.filter((files) => files !== undefined)).toHaveLength(1);
  const roots = managers.map(({ documents }) => authorityIn(documents).root);
  expect(new Set(roots)).toEqual(new Set(made.flatMap((files) => files?.certificate ?? [])));
});

test("an intermediate that is rotated in issues, beside those that last still", async () => {
  const commits = await commitsOver();
  const made = (await ensureAuthority(commits, "ours", NOW)) as AuthorityFiles;
  const first = issuerOf(authorityIn(commits.documents));
  await commits.commit("operator", await rotated(made, "ours", NOW + DAY_MS));
  const both = authorityIn(commits.documents);
  expect(both.intermediates).toHaveLength(2);
  expect(issuerOf(both)).not.toEqual(first);
  await commits.commit("operator", await rotated(made, "ours", NOW + 1_825 * DAY_MS));
  expect(authorityIn(commits.documents).intermediates).not.toContainEqual(first);
  await expect(commits.commit("operator", await rotated(root, "ours", NOW))).rejects.toThrow("MANAGER_REFUSED");
});
