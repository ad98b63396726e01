import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { messageOf, PcgError } from "../base/error.ts";

/** Ed25519, RFC 8032: 64 bytes over the manifest as it lies in the bundle. */
export const SIGNATURE_BYTES = 64;

/** A key that bundles are believed for. */
export interface TrustedKey {
  /** Such as its file. */
  readonly name: string;
  /** SubjectPublicKeyInfo, PEM. */
  readonly pem: string;
}

/** @returns the name of the key it is signed with. @throws UPGRADE_NOT_SIGNED */
export function signerOf(manifest: Uint8Array, signature: Uint8Array, trusted: readonly TrustedKey[]): string {
  if (trusted.length === 0) throw new PcgError("UPGRADE_NOT_SIGNED", { why: "no key is trusted here" });
  const signer = trusted.find((key) =>
    verify(
      null,
      manifest,
      ed25519(() => createPublicKey(key.pem), key.name),
      signature,
    ),
  );
  if (!signer) throw new PcgError("UPGRADE_NOT_SIGNED", { field: "manifest.sig", trusted: trusted.map((k) => k.name) });
  return signer.name;
}

/** @param pem PKCS #8. @throws UPGRADE_NOT_SIGNED when it is no such key */
export const signed = (manifest: Uint8Array, pem: string): Uint8Array =>
  sign(
    null,
    manifest,
    ed25519(() => createPrivateKey(pem), "private key"),
  );

function ed25519(read: () => KeyObject, name: string): KeyObject {
  const key = attempt(read, name);
  if (key.asymmetricKeyType !== "ed25519")
    throw new PcgError("UPGRADE_NOT_SIGNED", { key: name, type: key.asymmetricKeyType, why: "is not ed25519" });
  return key;
}

function attempt(read: () => KeyObject, name: string): KeyObject {
  try {
    return read();
  } catch (error) {
    throw new PcgError("UPGRADE_NOT_SIGNED", { key: name, why: messageOf(error) }, error);
  }
}

/** A pair of keys as PEM: PKCS #8 and SubjectPublicKeyInfo. */
export const newKeys = (): { readonly privateKey: string; readonly publicKey: string } =>
  generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
