import "reflect-metadata";
import { randomBytes } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { messageOf, PcgError } from "../../base/error.ts";
import { ALGORITHM, newKeys, privateKeyPem, readPrivateKey } from "../../lcp/certificates.ts";
import { type Identity, uriOf } from "../../lcp/identity.ts";
import { readIpv4 } from "../../net/ipv4.ts";

const DAY_MS = 86_400_000;
/** How long the root lives, and an intermediate. */
const DAYS = { root: 3_650, intermediate: 1_825 } as const;
/** Clocks differ; but no certificate begins so much earlier that its half is over when it is given. */
const MOST_SKEW_MS = 300_000;

/** An authority's own certificate and key, PEM. */
export interface AuthorityFiles {
  readonly certificate: string;
  readonly key: string;
}

/**
 * A root, whom nodes believe.
 *
 * @param wallMs milliseconds since 1970
 */
export async function newAuthority(name: string, wallMs: number): Promise<AuthorityFiles> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: newSerial(), name: `CN=${name}`, signingAlgorithm: ALGORITHM, keys },
    notBefore: new Date(wallMs - DAY_MS),
    notAfter: new Date(wallMs + DAYS.root * DAY_MS),
    extensions: await authorityExtensions(keys.publicKey, 1),
  });
  return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys) };
}

/** An intermediate, which gives nodes their certificates while the root's key is locked away. */
export async function newIntermediate(root: AuthorityFiles, name: string, wallMs: number): Promise<AuthorityFiles> {
  const keys = await newKeys();
  const issuer = new X509Certificate(root.certificate);
  const certificate = await X509CertificateGenerator.create({
    ...{ serialNumber: newSerial(), subject: `CN=${name}`, issuer: issuer.subject, signingAlgorithm: ALGORITHM },
    notBefore: new Date(wallMs - DAY_MS),
    notAfter: earlier(issuer.notAfter, wallMs + DAYS.intermediate * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: await readPrivateKey(root.key),
    extensions: [
      ...(await authorityExtensions(keys.publicKey, 0)),
      await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys) };
}

/** @param below how many authorities may stand between it and a node */
const authorityExtensions = async (key: CryptoKeyOf, below: number) => [
  new BasicConstraintsExtension(true, below, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  await SubjectKeyIdentifierExtension.create(key),
];
type CryptoKeyOf = Awaited<ReturnType<typeof newKeys>>["publicKey"];

export interface Grant {
  readonly identity: Identity;
  /** From now on. */
  readonly forMs: number;
  /** Names and addresses under which others look for it: managers have such. */
  readonly hosts?: readonly string[];
}

/** PEM, and how the certificate is known afterwards. */
export interface Certificate {
  readonly pem: string;
  /** Hexadecimal, as {@link newSerial} makes it. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** Gives nodes their certificates. What a node says of itself in its request is not believed. */
export class Authority {
  readonly #files: AuthorityFiles;

  constructor(files: AuthorityFiles) {
    this.#files = files;
  }

  /**
   * @param request PEM of a PKCS #10 request (RFC 2986)
   * @throws MANAGER_BAD_REQUEST when it is none, or not signed with its own key
   */
  async issue(request: string, { identity, forMs, hosts = [] }: Grant, wallMs: number): Promise<Certificate> {
    const asked = await readRequest(request);
    const issuer = new X509Certificate(this.#files.certificate);
    const serial = newSerial();
    const notAfter = earlier(issuer.notAfter, wallMs + forMs);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial,
      subject: `CN=${identity.id}`,
      issuer: issuer.subject,
      notBefore: new Date(wallMs - Math.min(MOST_SKEW_MS, Math.abs(forMs) / 10)),
      notAfter,
      signingAlgorithm: ALGORITHM,
      publicKey: asked.publicKey,
      signingKey: await readPrivateKey(this.#files.key),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: uriOf(identity) }, ...hosts.map(nameOf)]),
        await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ],
    });
    return { pem: certificate.toString("pem"), serial, notAfter: notAfter.getTime() };
  }
}

const nameOf = (host: string): JsonGeneralNames[number] => ({
  type: readIpv4(host) !== undefined || host.includes(":") ? "ip" : "dns",
  value: host,
});

const earlier = (date: Date, wallMs: number) => new Date(Math.min(date.getTime(), wallMs));

async function readRequest(pem: string): Promise<Pkcs10CertificateRequest> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(pem);
    const { namedCurve } = request.publicKey.algorithm as { namedCurve?: string };
    if (namedCurve !== ALGORITHM.namedCurve) throw badRequest(`its key is not of ${ALGORITHM.namedCurve}`);
    if (await request.verify()) return request;
  } catch (error) {
    throw error instanceof PcgError ? error : badRequest(messageOf(error), error);
  }
  throw badRequest("is not signed with its own key");
}

const badRequest = (why: string, cause?: unknown) =>
  new PcgError("MANAGER_BAD_REQUEST", { field: "request", why }, cause);

/** 127 random bits: positive, and nobody's guess (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
