import type { Credentials } from "../../lcp/connect.edge.ts";
import { newRequest } from "../../lcp/request.ts";
import type { Documents } from "../state/documents.ts";
import { Authority, type Certificate, type Grant } from "./authority.ts";
import { authorityIn, issuerOf } from "./authority-document.ts";

/** A certificate with what others need to believe it, PEM. */
export interface Issued {
  /** The node's, then the intermediate's. */
  readonly chain: string;
  /** The root's. */
  readonly authority: string;
  readonly certificate: Certificate;
}

/** A certificate from the newest intermediate. @throws MANAGER_BAD_REQUEST, MANAGER_NOT_FOUND */
export async function issue(documents: Documents, request: string, grant: Grant, wallMs: number): Promise<Issued> {
  const document = authorityIn(documents);
  const issuer = issuerOf(document);
  const certificate = await new Authority(issuer).issue(request, grant, wallMs);
  const chain = `${certificate.pem.trimEnd()}\n${issuer.certificate.trimEnd()}\n`;
  return { chain, authority: document.root, certificate };
}

/**
 * What a manager is known by, on all its ports. Managers over one store are one identity, under several names; each makes
 * its own key, and a new one long before this is over.
 */
export async function ownCredentials(documents: Documents, grant: Grant, wallMs: number): Promise<Credentials> {
  const { key, request } = await newRequest();
  const { chain, authority } = await issue(documents, request, grant, wallMs);
  return { certificate: chain, key, authority };
}
