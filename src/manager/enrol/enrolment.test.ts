import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { type Identity, identityIn } from "../../lcp/identity.ts";
import { newRequest } from "../../lcp/request.ts";
import { SharedStore } from "../ledger/memory-ledger.testing.ts";
import { commitsOver } from "../state/commits.testing.ts";
import type { Commits } from "../state/documents.ts";
import { type AuthorityFiles, newAuthority, newIntermediate } from "./authority.ts";
import { type AuthorityDocument, ensureAuthority, rotated } from "./authority-document.ts";
import { Enrolment } from "./enrolment.ts";
import { forgotten, nodeIn, revoked } from "./nodes.ts";
import { newToken } from "./tokens.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const pcgA: Identity = { role: "gateway", id: "pcg-a" };
const HOUR_MS = 3_600_000;

/** Everybody's request: a key costs more than what is tested here. */
const { request } = await newRequest();

async function aManager() {
  const clock = new VirtualClock();
  const commits = await commitsOver();
  const root = await ensureAuthority(commits, "ours", clock.wall());
  return { clock, commits, root, enrolment: new Enrolment({ commits, clock, log }) };
}

async function tokenFor(node: Identity, commits: Commits, clock: VirtualClock): Promise<string> {
  const { token, make } = newToken({ node, by: "admin" }, clock.wall());
  await commits.commit("admin", make);
  return token;
}

const read = (chain: string) => new X509Certificate(chain);
const serialOf = (chain: string) => read(chain).serialNumber;

test("a token gets a certificate of the node it was made for, which is let in", async () => {
  const { clock, commits, enrolment } = await aManager();
  const token = await tokenFor(pcgA, commits, clock);
  const { certificate, authority } = await enrolment.enrol({ token, request }, "10.0.0.1");
  expect(identityIn(read(certificate).subjectAltName)).toEqual(pcgA);
  expect(certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(authority).toBe(enrolment.authority().certificate);
  expect(enrolment.isRefused(pcgA, serialOf(certificate))).toBe(false);
  expect(enrolment.isRefused({ role: "gateway", id: "pcg-b" }, serialOf(certificate))).toBe(true);
  expect(nodeIn(commits.documents, pcgA)?.enrolledBy).toBe("token from 10.0.0.1");
  await expect(enrolment.enrol({ token, request }, "10.0.0.1")).rejects.toThrow("was used at");
});

test("a token is kept only as what it is recognized by", async () => {
  const { clock, commits } = await aManager();
  const token = await tokenFor(pcgA, commits, clock);
  expect(JSON.stringify([...commits.documents.under("/")])).not.toContain(token);
});

test("a token is good for a quarter of an hour, and in its own words only", async () => {
  const { clock, commits, enrolment } = await aManager();
  const token = await tokenFor(pcgA, commits, clock);
  await expect(enrolment.enrol({ token: token.slice(1), request }, "10.0.0.1")).rejects.toThrow("is not known");
  clock.advance(15 * 60_000);
  await expect(enrolment.enrol({ token, request }, "10.0.0.1")).rejects.toThrow("was good until");
});

/** Made once: keys are dear. */
const authority: Promise<AuthorityDocument> = (async () => {
  const root: AuthorityFiles = await newAuthority("ours", 1_700_000_000_000);
  return { root: root.certificate, intermediates: [await newIntermediate(root, "between", 1_700_000_000_000)] };
})();

test("a token lets in one certificate, however the commits of two managers fall", async () => {
  const document = await authority;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(1), { minLength: 2, maxLength: 5 }), async (turns, asks) => {
      const clock = new VirtualClock();
      const store = new SharedStore();
      const first = await commitsOver(store);
      await first.commit("lead", () => new Map([["/authority", document]]));
      const token = await tokenFor(pcgA, first, clock);
      const open = () => commitsOver(store, { pause: () => turns.schedule(Promise.resolve()) });
      const managers = (await Promise.all([open(), open()])).map((commits) => ({
        ...{ commits, enrolment: new Enrolment({ commits, clock, log }) },
      }));
      const gave: string[] = [];
      const done = asks.map(async (n) => {
        try {
          const one = await managers[n]?.enrolment.enrol({ token, request }, "10.0.0.1");
          if (one) gave.push(serialOf(one.certificate));
        } catch (error) {
          expect(error).toMatchObject({ code: "MANAGER_DENIED" });
        }
      });
      await turns.waitFor(Promise.all(done));
      expect(gave).toHaveLength(1);
      const seen = nodeIn((await commitsOver(store)).documents, pcgA)?.certificates.map((one) =>
        one.serial.toUpperCase(),
      );
      expect(seen).toEqual(gave);
    }),
    { numRuns: 60 },
  );
});

async function enrolled() {
  const manager = await aManager();
  const token = await tokenFor(pcgA, manager.commits, manager.clock);
  const { certificate } = await manager.enrolment.enrol({ token, request }, "10.0.0.1");
  const isIn = (chain: string) => !manager.enrolment.isRefused(pcgA, serialOf(chain));
  const renew = async (chain: string) =>
    (await manager.enrolment.renew(read(chain).raw, { request }, "10.0.0.1")).certificate;
  return { ...manager, first: certificate, isIn, renew };
}

test("a certificate that was renewed is good for ten more minutes, or less once the next was seen", async () => {
  const { clock, enrolment, first, isIn, renew } = await enrolled();
  clock.advance(12 * HOUR_MS);
  const second = await renew(first);
  clock.advance(599_999);
  expect([isIn(first), isIn(second)]).toEqual([true, true]);
  clock.advance(1);
  expect([isIn(first), isIn(second)]).toEqual([false, true]);

  const third = await renew(second);
  await enrolment.used(pcgA, serialOf(third));
  clock.advance(29_999);
  expect([isIn(second), isIn(third)]).toEqual([true, true]);
  clock.advance(1);
  expect([isIn(second), isIn(third)]).toEqual([false, true]);
});

test("a node whose new certificate was lost on its way gets another, however late, until it has come with one", async () => {
  const { clock, enrolment, first, isIn, renew } = await enrolled();
  const lost = await renew(first);
  clock.advance(5 * HOUR_MS);
  expect(isIn(first)).toBe(false);
  const second = await renew(first);
  expect([isIn(first), isIn(lost), isIn(second)]).toEqual([false, false, true]);
  await enrolment.used(pcgA, serialOf(lost));
  await enrolment.used(pcgA, serialOf(second));
  clock.advance(30_000);
  await expect(renew(first)).rejects.toThrow("MANAGER_DENIED");
  await expect(renew(lost)).rejects.toThrow("MANAGER_DENIED");
  expect(isIn(await renew(second))).toBe(true);
});

test("a certificate that is over is renewed for a week, and no longer", async () => {
  const { clock, first, renew } = await enrolled();
  clock.advance(24 * HOUR_MS * 7);
  const second = await renew(first);
  clock.advance(24 * HOUR_MS * 8 + 1_000);
  await expect(renew(second)).rejects.toThrow("MANAGER_DENIED");
});

test("a node that is revoked is out at once, until a token that is made afterwards", async () => {
  const { clock, commits, enrolment, first, isIn, renew } = await enrolled();
  const before = await tokenFor(pcgA, commits, clock);
  await commits.commit("admin", revoked(pcgA, "admin", clock.wall()));
  expect(isIn(first)).toBe(false);
  await expect(renew(first)).rejects.toThrow("MANAGER_DENIED");
  await expect(enrolment.enrol({ token: before, request }, "10.0.0.1")).rejects.toThrow("is not known");
  const token = await tokenFor(pcgA, commits, clock);
  const { certificate } = await enrolment.enrol({ token, request }, "10.0.0.1");
  expect([isIn(first), isIn(certificate)]).toEqual([false, true]);
  await commits.commit("admin", forgotten(pcgA));
  expect(isIn(certificate)).toBe(false);
  await expect(commits.commit("admin", forgotten(pcgA))).rejects.toThrow("MANAGER_NOT_FOUND");
});

test("renew believes only certificates of its own intermediates, older ones too", async () => {
  const { clock, commits, enrolment, first, renew, root } = await enrolled();
  const other = await enrolled();
  const foreign = read(other.first).raw;
  await expect(enrolment.renew(foreign, { request }, "10.0.0.1")).rejects.toThrow("is not ours");
  const rootItself = read(enrolment.authority().certificate).raw;
  await expect(enrolment.renew(rootItself, { request }, "10.0.0.1")).rejects.toThrow("is not ours");
  await commits.commit("admin", await rotated(root as AuthorityFiles, "ours", clock.wall()));
  const second = await renew(first);
  expect(second.split("-----END CERTIFICATE-----")[1]).not.toBe(first.split("-----END CERTIFICATE-----")[1]);
});

test("enrol and renew answer any body and any certificate with what is wrong with it", async () => {
  const { enrolment, first } = await enrolled();
  const shown = read(first).raw;
  const field = fc.constantFrom("token", "signature", "document", "nonce", "request", "__proto__", "more");
  const body = fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.oneof(fc.string(), fc.jsonValue())));
  const known = (error: unknown) => {
    if (!(error instanceof PcgError && /^MANAGER_(BAD_REQUEST|DENIED)$/.test(error.code))) throw error;
  };
  await fc.assert(
    fc.asyncProperty(body, fc.uint8Array({ maxLength: 200 }), async (said, bytes) => {
      await expect(enrolment.enrol(said, "10.0.0.1").catch(known)).resolves.toBeUndefined();
      await expect(enrolment.renew(shown, said, "10.0.0.1").catch(known)).resolves.toBeUndefined();
      await expect(enrolment.renew(bytes, { request }, "10.0.0.1").catch(known)).resolves.toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
