import { X509Certificate } from "node:crypto";
import { PcgError } from "../../base/error.ts";
import { pinOf } from "../../lcp/enrol/pin.ts";
import type { Change, Commits, Documents } from "../state/documents.ts";
import { type AuthorityFiles, newAuthority, newIntermediate } from "./authority.ts";

const KEY = "/authority";

/** The managers' authority. The root's key is not in it: whoever made it has it, and should lock it away. */
export interface AuthorityDocument {
  /** PEM. */
  readonly root: string;
  /** The newest first: it issues. Certificates of the others are good as long as they last. */
  readonly intermediates: readonly AuthorityFiles[];
}

/** @throws MANAGER_NOT_FOUND before {@link ensureAuthority} */
export function authorityIn(documents: Documents): AuthorityDocument {
  const found = documents.get(KEY) as AuthorityDocument | undefined;
  if (!found) throw new PcgError("MANAGER_NOT_FOUND", { path: KEY });
  return found;
}

/** The authority that issues. */
export function issuerOf({ intermediates }: AuthorityDocument): AuthorityFiles {
  const [newest] = intermediates;
  if (!newest) throw new PcgError("MANAGER_NOT_FOUND", { path: KEY, field: "intermediates" });
  return newest;
}

/**
 * Makes root and intermediate where there are none yet. Of managers that start at once, one does.
 *
 * @param keep told of the root before it counts: whoever is killed in between must not have lost its key
 * @returns the root, with its key, to whoever made it, this once: it is for a file that the operator takes away
 */
export async function ensureAuthority(
  commits: Commits,
  name: string,
  wallMs: number,
  keep: (root: AuthorityFiles) => void = () => undefined,
): Promise<AuthorityFiles | undefined> {
  if (commits.documents.get(KEY) !== undefined) return undefined;
  const root = await newAuthority(`${name} root`, wallMs);
  const document: AuthorityDocument = {
    root: root.certificate,
    intermediates: [await newIntermediate(root, intermediateName(name, wallMs), wallMs)],
  };
  keep(root);
  await commits.commit("enrolment", (documents) => new Map(documents.get(KEY) ? [] : [[KEY, document]]));
  return authorityIn(commits.documents).root === root.certificate ? root : undefined;
}

/**
 * A further intermediate, made with the root's key; it issues from now on. What is over is forgotten.
 *
 * @throws MANAGER_REFUSED where the root is another
 */
export async function rotated(root: AuthorityFiles, name: string, wallMs: number): Promise<Change> {
  const intermediate = await newIntermediate(root, intermediateName(name, wallMs), wallMs);
  return (documents) => {
    const present = authorityIn(documents);
    if (pinOf(present.root) !== pinOf(root.certificate))
      throw new PcgError("MANAGER_REFUSED", { field: "root", value: pinOf(root.certificate), why: "is another" });
    const lasting = present.intermediates.filter(({ certificate }) => notAfterOf(certificate) > wallMs);
    return new Map([[KEY, { ...present, intermediates: [intermediate, ...lasting] } satisfies AuthorityDocument]]);
  };
}

const intermediateName = (name: string, wallMs: number) =>
  `${name} intermediate ${new Date(wallMs).toISOString().slice(0, 19)}`;

const notAfterOf = (pem: string): number => new X509Certificate(pem).validToDate.getTime();
