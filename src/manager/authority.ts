import "reflect-metadata";
import { randomBytes } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { messageOf, PcgError } from "../base/error.ts";
import { ALGORITHM, newKeys, privateKeyPem, readPrivateKey } from "../lcp/certificates.ts";
import { type Identity, uriOf } from "../lcp/identity.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;

/** An authority's own certificate and key, PEM. */
export interface AuthorityFiles {
  readonly certificate: string;
  readonly key: string;
}

/** @param wallMs milliseconds since 1970 */
export async function newAuthority(name: string, wallMs: number): Promise<AuthorityFiles> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=${name}`,
    notBefore: new Date(wallMs - DAY_MS),
    notAfter: new Date(wallMs + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys) };
}

export interface Grant {
  readonly identity: Identity;
  /** From now on. */
  readonly forMs: number;
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
  async issue(request: string, { identity, forMs }: Grant, wallMs: number): Promise<{ pem: string; serial: string }> {
    const asked = await readRequest(request);
    const issuer = new X509Certificate(this.#files.certificate);
    const serial = newSerial();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial,
      subject: `CN=${identity.id}`,
      issuer: issuer.subject,
      // Clocks differ.
      notBefore: new Date(wallMs - 300_000),
      notAfter: new Date(wallMs + forMs),
      signingAlgorithm: ALGORITHM,
      publicKey: asked.publicKey,
      signingKey: await readPrivateKey(this.#files.key),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: uriOf(identity) }]),
      ],
    });
    return { pem: certificate.toString("pem"), serial };
  }
}

async function readRequest(pem: string): Promise<Pkcs10CertificateRequest> {
  try {
    const request = new Pkcs10CertificateRequest(pem);
    if (await request.verify()) return request;
  } catch (error) {
    throw new PcgError("MANAGER_BAD_REQUEST", { field: "request", why: messageOf(error) }, error);
  }
  throw new PcgError("MANAGER_BAD_REQUEST", { field: "request", why: "is not signed with its own key" });
}

/** 127 random bits: positive, and nobody's guess (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
