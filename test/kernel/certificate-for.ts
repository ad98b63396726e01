import "reflect-metadata";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { ALGORITHM, newKeys, privateKeyPem } from "../../src/lcp/certificates.ts";

/** A certificate that is its own authority, good for a server and for clients, as files. */
export async function certificateFor(ip: string, folder: string) {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    // With users, etcd's gateway refuses certificates that have a CN.
    name: "O=etcd",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: ip }])],
  });
  const [cert, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  writeFileSync(cert, certificate.toString("pem"));
  writeFileSync(key, await privateKeyPem(keys));
  return { ca: cert, cert, key };
}
