import "reflect-metadata";
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { ALGORITHM, newKeys, privateKeyPem } from "../../lcp/certificates.ts";

const valid = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };

/** An authority that gives a server whatever names a test wants. PEM. */
export async function testAuthority(name: string) {
  const keys = await newKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: "01", name: `CN=${name}`, ...valid, signingAlgorithm: ALGORITHM, keys },
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const certificate = authority.toString("pem");
  const issue = async (...names: JsonGeneralName[]) => {
    const own = await newKeys();
    const issued = await X509CertificateGenerator.create({
      ...{ serialNumber: "02", subject: "CN=server", issuer: authority.subject, ...valid },
      ...{ signingAlgorithm: ALGORITHM, publicKey: own.publicKey, signingKey: keys.privateKey },
      extensions: [new SubjectAlternativeNameExtension(names)],
    });
    return { certificate: `${issued.toString("pem")}\n${certificate}`, key: await privateKeyPem(own) };
  };
  return { certificate, fingerprint: Buffer.from(await authority.getThumbprint("SHA-256")).toString("hex"), issue };
}

export const managerName: JsonGeneralName = { type: "url", value: "spiffe://pcg/manager/m1" };
