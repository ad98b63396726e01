import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { ALGORITHM, newKeys, privateKeyPem } from "./certificates.ts";

/** A new key, which never leaves the node, and what asks for a certificate of it. PEM. */
export interface Request {
  readonly key: string;
  readonly request: string;
}

/** Says nothing of who asks: that is the authority's to know. */
export async function newRequest(): Promise<Request> {
  const keys = await newKeys();
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ALGORITHM });
  return { key: await privateKeyPem(keys), request: request.toString("pem") };
}
