import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { cryptoProvider } from "@peculiar/x509";

/** What every certificate here is made with (RFC 5480, RFC 6090). */
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

const { subtle } = webcrypto;

export type KeyPair = webcrypto.CryptoKeyPair;

export const newKeys = (): Promise<KeyPair> => subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** PEM of a private key (PKCS #8). */
export async function privateKeyPem({ privateKey }: KeyPair): Promise<string> {
  const der = Buffer.from(await subtle.exportKey("pkcs8", privateKey)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/(.{64})/g, "$1\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

/** @param pem as privateKeyPem writes it */
export function readPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
  return subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
}
